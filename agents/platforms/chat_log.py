"""Finds the new messages in what a page shows of its chat."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.platforms.base import ChatSeen
from agents.platforms.folding import fold

MAX_KEYS = 20_000
OWN_SECONDS = 30.0
"""A message that reads like one the bot sent within this time is the bot's own."""

_Shape = tuple[str, str]


@dataclass(slots=True)
class ChatLog:
    """The chat of one meeting. Pages that number their messages are believed; else the list is compared with the one before."""

    own_names: tuple[str, ...] = ()
    """How the page calls the bot, as "You"."""
    bot_name: str = ""
    _keys: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_KEYS))
    _key_set: set[str] = field(default_factory=set)
    _before: list[_Shape] = field(default_factory=list)
    _sent: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=100))
    _number: int = 0

    def sent(self, message: str, now: float) -> None:
        """The bot is about to say this."""
        self._sent.append((now, fold(message)))

    def update(self, seen: Sequence[dict[str, Any]], now: float) -> list[ChatSeen]:
        """The messages that are new in what the page shows now, in order."""
        messages = [one for one in seen if isinstance(one.get("text"), str) and one["text"].strip()]
        numbered = [one for one in messages if isinstance(one.get("id"), str) and one["id"]]
        if messages and len(numbered) == len(messages):
            fresh = [(one["id"][:200], one) for one in messages if one["id"][:200] not in self._key_set]
        else:
            fresh = self._appended(messages)
        return [self._seen(key, one, now) for key, one in fresh if self._remember(key)]

    def _appended(self, messages: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        """What stands after the part that was there before; what is older than that part was not said now."""
        shapes = [(_text(one, "sender"), _text(one, "text")) for one in messages]
        start = _end_of_known(self._before, shapes)
        self._before = shapes
        fresh = []
        for one, (sender, text) in zip(messages[start:], shapes[start:], strict=True):
            self._number += 1
            digest = hashlib.sha256(f"{sender}\0{text}".encode()).hexdigest()[:16]
            fresh.append((f"{self._number}-{digest}", one))
        return fresh

    def _remember(self, key: str) -> bool:
        if key in self._key_set:
            return False
        if len(self._keys) == MAX_KEYS:
            self._key_set.discard(self._keys[0])
        self._keys.append(key)
        self._key_set.add(key)
        return True

    def _seen(self, key: str, one: dict[str, Any], now: float) -> ChatSeen:
        sender = _text(one, "sender")[:255]
        text = one["text"][:10_000]
        return ChatSeen(
            key=key,
            text=text,
            sender_name=sender,
            sender_uuid=_text(one, "sender_id")[:100],
            is_self=one.get("own") is True or self._is_own(sender, text, now),
            to_bot_only=one.get("private") is True,
        )

    def _is_own(self, sender: str, text: str, now: float) -> bool:
        folded = fold(sender)
        if folded and folded in {fold(name) for name in self.own_names}:
            return True
        if sender and self.bot_name and folded != fold(self.bot_name):
            return False
        return any(now - at < OWN_SECONDS and said == fold(text) for at, said in self._sent)


def _end_of_known(before: list[_Shape], now: list[_Shape]) -> int:
    """Where, in the list of now, what was there before ends: the whole of it, else its longest end."""
    for start in range(len(now) - len(before) + 1 if before else 0):
        if now[start : start + len(before)] == before:
            return start + len(before)
    for length in range(min(len(before) - 1, len(now)), 0, -1):  # the oldest have gone from view
        if now[:length] == before[-length:]:
            return length
    return 0


def _text(one: dict[str, Any], key: str) -> str:
    value = one.get(key)
    return value if isinstance(value, str) else ""
