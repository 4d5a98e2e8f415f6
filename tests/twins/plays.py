"""Plays cases, some ahead of the test that looks at them, so that several bots are at work at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.meetings.service import Event, Service
from tests.twins.attending import Meeting, Twins, moves
from tests.twins.cases import Case

AHEAD = 4
LONGEST_SECONDS = 100.0
BOT_NAME = "Rollcall"
BOTH = " and "
COMING_AND_GOING = {"came": "join", "left": "leave"}
ENDS = ("post_processing_completed", "fatal_error")


@dataclass(slots=True)
class Played:
    """A case that is over."""

    case: Case
    meeting: Meeting
    log: list[Event]
    seen: list[dict[str, Any]]
    """What the site noticed."""
    said: str
    """The log in short, for whoever has to find out why."""

    @property
    def remarks(self) -> list[str]:
        """The codes of the log's remarks."""
        return [event["log"]["code"] for event in self.log if event.get("log")]

    @property
    def people(self) -> list[tuple[str, str]]:
        """Name and `join`, `leave` or `update` of each participant event."""
        return [(e["participant"]["participant_name"], e["participant"]["event_type"]) for e in self.log if e.get("participant")]


@dataclass(slots=True)
class Plays:
    """Gives each case's play; begins the next few at once."""

    service: Service
    twins: Twins
    cases: list[Case]
    _running: dict[str, asyncio.Task[Played]] = field(default_factory=dict)

    async def of(self, case: Case) -> Played:
        """The case, played to its end; a second time, it is played anew. Raises AssertionError with the log if it never ends."""
        here = next((n for n, one in enumerate(self.cases) if one.name == case.name), 0)
        for one in (case, *self.cases[here + 1 : here + 1 + AHEAD]):
            if one.name not in self._running:
                self._running[one.name] = asyncio.create_task(play(self.service, self.twins, one))
        return await self._running.pop(case.name)

    async def stop(self) -> None:
        """Forgets what nobody asked for."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)


async def play(service: Service, twins: Twins, case: Case) -> Played:
    """Sends a bot to a new meeting of that kind, tells it to leave where the case says so, and waits for its end."""
    meeting = await twins.set_up(case.platform, case.scenario, **case.wish)
    wanted = {"recording_settings": {"format": "none"}, **case.bot}
    bot = await service.rest("POST", "/api/v1/bots", meeting_url=meeting.url, bot_name=BOT_NAME, **wanted)
    log: list[Event] = []
    told = False
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            while not _is_over(log):
                await asyncio.sleep(0.3)
                log = await service.log(bot["id"])
                if case.leaves_after and not told and await _has(case.leaves_after, log, meeting):
                    told = True
                    await service.rest("POST", f"/api/v1/bots/{bot['id']}/leave")
    except TimeoutError:
        raise AssertionError(f"{case.name} never ended:\n{in_short(log)}\n{service.printed()}") from None
    return Played(case, meeting, log, await meeting.seen(), in_short(log))


def _is_over(log: list[Event]) -> bool:
    """Whether all is told. That a bot did not get in is told first, and what the page showed is kept then."""
    refused = any(move.startswith("could_not_join_meeting") for move in moves(log))
    kept = any(event["log"]["code"] == "evidence_kept" for event in log if event.get("log"))
    return kept if refused else any(move.startswith(ENDS) for move in moves(log))


async def _has(what: str, log: list[Event], meeting: Meeting) -> bool:
    if BOTH in what:
        return all([await _has(one, log, meeting) for one in what.split(BOTH)])
    kind, _, wanted = what.rpartition(":")
    if kind == "log":
        return any(event["log"]["code"] == wanted for event in log if event.get("log"))
    if kind == "inside":
        return [event["log"]["fields"].get("state") for event in log if event.get("log")].count("in_meeting") >= int(wanted)
    if kind == "seen":
        return any(one["what"] == wanted for one in await meeting.seen())
    if kind in COMING_AND_GOING:
        people = [event["participant"] for event in log if event.get("participant")]
        return any(one["participant_name"] == wanted and one["event_type"] == COMING_AND_GOING[kind] for one in people)
    return wanted in moves(log)


def in_short(log: list[Event]) -> str:
    """One line an event."""
    return "\n".join(_line(event) for event in log)


def _line(event: Event) -> str:
    kind = next(
        (kind for kind in ("state", "log", "participant", "speech", "utterance", "chat") if event.get(kind)), "event_type"
    )
    return f"{event['created_time']} {kind} {str(event.get(kind))[:400]}"
