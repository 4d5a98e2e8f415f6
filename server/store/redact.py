"""Takes personal content out of an event: what is left says that something happened, and neither who nor what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rollcall.v1 import bot_pb2, event_pb2

WORDS: Final = frozenset({int(event_pb2.EVENT_KIND_UTTERANCE)})
"""The kinds of which DeleteTranscript leaves nothing but that there was one."""


def redacted(event: event_pb2.Event) -> event_pb2.Event:
    """The event without names, words, and texts in which there may be some; ids, kinds, times and numbers stay."""
    left = event_pb2.Event()
    left.CopyFrom(event)
    payload = event.WhichOneof("payload")
    if payload is not None:
        getattr(left, payload).CopyFrom(_LEFT[payload](getattr(event, payload)))
    left.redacted = True
    return left


def _only(message: Any, *names: str) -> Any:
    """A message of the same type with these fields alone."""
    left = type(message)()
    for name in names:
        setattr(left, name, getattr(message, name))
    return left


def _without(message: Any, *names: str) -> Any:
    left = type(message)()
    left.CopyFrom(message)
    for name in names:
        left.ClearField(name)
    return left


def _participant(message: bot_pb2.ParticipantEvent) -> Any:
    return _only(message, "id", "event_type", "timestamp_ms")


_LEFT: Final[Mapping[str, Callable[[Any], Any]]] = {
    # Details are sentences, and may say what a page said, or of whom.
    "state": lambda message: _without(message, "detail", "page"),
    "participant": _participant,
    "speech": _participant,
    "utterance": lambda message: _only(message, "id", "timestamp_ms", "duration_ms", "final"),
    "chat": lambda message: _only(message, "id", "timestamp_ms", "timestamp"),
    "recording": lambda message: _without(message, "detail"),
    "capture_health": lambda message: _without(message, "detail"),
    "media_request": lambda message: _without(message, "detail"),
    "log": lambda message: _only(message, "level", "code"),
}
"""What is left of each payload; one that is missing here is found by its test, and by nobody else first."""
