"""What an attendance hears of, in the order in which it happened: one inbox, so that nothing is decided twice at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from agents.platforms.base import Observation
from rollcall.v1 import agent_service_pb2 as agent


@dataclass(frozen=True, slots=True)
class UiSeen:
    """The page shows something else than before."""

    observation: Observation
    at_ms: int
    """When it was seen, by the Unix clock."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The adapter has asked to join."""


@dataclass(frozen=True, slots=True)
class EnterFailed:
    """The browser, the page or a step before the meeting failed."""

    error: Exception


@dataclass(frozen=True, slots=True)
class PageFailed:
    """The page crashed, hung, closed itself or lost its browser."""

    error: Exception


@dataclass(frozen=True, slots=True)
class CaptureFailed:
    """The capture stopped by itself; `detail` says why."""

    detail: str


@dataclass(frozen=True, slots=True)
class Commanded:
    """The server has a wish."""

    command: agent.Command


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """Another worker runs the bot now."""


@dataclass(frozen=True, slots=True)
class ShutDown:
    """The worker stops."""


@dataclass(frozen=True, slots=True)
class Forsaken:
    """No server and no people for a long time."""


@dataclass(frozen=True, slots=True)
class TimeOver:
    """What was waited for did not come in time."""


Happening = UiSeen | Entered | EnterFailed | PageFailed | CaptureFailed | Commanded | LeaseLost | ShutDown | Forsaken | TimeOver


def forget_the_page(inbox: asyncio.Queue[Happening]) -> None:
    """Takes out what a page that is gone still had to say; what others said stays, each is said but once."""
    happenings = []
    while not inbox.empty():
        happenings.append(inbox.get_nowait())
    for happening in happenings:
        if isinstance(happening, Commanded | LeaseLost | ShutDown | Forsaken):
            inbox.put_nowait(happening)
