"""Finds the new messages in what a page shows of its chat."""

from __future__ import annotations

import difflib
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


@dataclass(slots=True)
class ChatLog:
    """The chat of one meeting. Pages that number their messages are believed; else the list is compared with the one before."""

    own_names: tuple[str, ...] = ()
    """How the page calls the bot, as "You"."""
    ignore_names: tuple[str, ...] = ()
    """Under which the page itself writes, as "System": nobody said that."""
    bot_name: str = ""
    _keys: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_KEYS))
    _key_set: set[str] = field(default_factory=set)
    _before: list[str] = field(default_factory=list)
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
        nobody = {fold(name) for name in self.ignore_names}
        said = [(key, one) for key, one in fresh if self._remember(key) and fold(_text(one, "sender")) not in nobody]
        return [self._seen(key, one, now) for key, one in said]

    def _appended(self, messages: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        """What stands after the part that was there before. Senders are not compared: some pages rename who has left."""
        texts = [_text(one, "text") for one in messages]
        start = _end_of_known(self._before, texts)
        self._before = texts
        fresh = []
        for one, text in zip(messages[start:], texts[start:], strict=True):
            self._number += 1
            fresh.append((f"{self._number}-{hashlib.sha256(text.encode()).hexdigest()[:16]}", one))
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


def _end_of_known(before: list[str], now: list[str]) -> int:
    """Where, in the list of now, what was there before ends: after the last text that both lists have in the same order.

    What stands above that and is not known was edited, or is older and scrolled in.
    """
    blocks = difflib.SequenceMatcher(None, before, now, autojunk=False).get_matching_blocks()
    return max((block.b + block.size for block in blocks if block.size), default=0)


def _text(one: dict[str, Any], key: str) -> str:
    value = one.get(key)
    return value if isinstance(value, str) else ""
