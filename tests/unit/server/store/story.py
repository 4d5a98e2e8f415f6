"""Small words for telling stories about a store in tests."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Sequence

from rollcall.v1 import agent_service_pb2, bot_pb2, event_pb2
from server.clock import ManualClock
from server.domain.ids import random_word
from server.store import BotRecord, Lease, NewBot, Store, StoreConfig, StoredEvent

Report = agent_service_pb2.Report
WORKER = "worker-1"


class Story:
    """A store, a project in it, and a clock that stands still."""

    def __init__(self, store: Store, project_id: str, clock: ManualClock) -> None:
        self.store = store
        self.project_id = project_id
        self.clock = clock

    def new_bot(self, **more: object) -> NewBot:
        """A bot to be made."""
        bot = NewBot(self.project_id, "Rollcall", "https://meet.example/abc", bot_pb2.PLATFORM_REHEARSAL)
        return dataclasses.replace(bot, **more)  # type: ignore[arg-type]  # a test says what it wants

    async def bot(self, **more: object) -> BotRecord:
        """A bot that was made."""
        return await self.store.create_bot(self.new_bot(**more))

    async def claimed(self, **more: object) -> Lease:
        """A bot that was made and claimed."""
        return await self.store.claim_lease((await self.bot(**more)).id, WORKER)

    async def joined(self, **more: object) -> Lease:
        """A bot in its meeting, recording; three reports are stored."""
        lease = await self.claimed(**more)
        await self.report(lease, moved("joined_meeting"), moved("recording_permission_granted"), recorded("in_progress"))
        return lease

    async def report(self, lease: Lease, *reports: Report) -> int:
        """Stores reports, numbered from the first free number on."""
        bot = await self.store.get_bot(None, lease.bot.id)
        return await self.store.store_reports(bot.id, lease.epoch, numbered(reports, bot.last_report_number + 1))

    async def state(self, bot_id: str) -> str:
        """Where a bot is."""
        return (await self.store.get_bot(None, bot_id)).state.value

    async def events(self, bot_id: str) -> list[event_pb2.Event]:
        """A bot's log."""
        return [event.message() for event in await self.store.bot_events_after(bot_id, 0, 100_000)]

    async def told(self, bot_id: str) -> list[str]:
        """A bot's log in words: `joined_meeting` or `fatal_error/heartbeat_timeout` for a state, the kind for others."""
        return [in_words(event) for event in await self.events(bot_id)]

    async def log(self) -> list[StoredEvent]:
        """The project's log."""
        return await self.store.project_events_after(self.project_id, 0, 100_000)


def in_words(event: event_pb2.Event) -> str:
    """An event in a word or two."""
    if event.kind != event_pb2.EVENT_KIND_STATE:
        return str(event.WhichOneof("payload"))
    word = bot_pb2.BotEventType.Name(event.state.type).removeprefix("BOT_EVENT_TYPE_").lower()
    if event.state.sub_type:
        word += "/" + bot_pb2.BotEventSubType.Name(event.state.sub_type).removeprefix("BOT_EVENT_SUB_TYPE_").lower()
    return word


def numbered(reports: Sequence[Report], first: int = 1) -> list[Report]:
    """The reports with numbers."""
    for number, report in enumerate(reports, first):
        report.number = number
    return list(reports)


def moved(trigger: str, sub_type: str | None = None, detail: str = "") -> Report:
    """A transition."""
    return Report(
        transition=agent_service_pb2.Transition(
            trigger=bot_pb2.BotEventType.Value(f"BOT_EVENT_TYPE_{trigger.upper()}"),
            sub_type=bot_pb2.BotEventSubType.Value(f"BOT_EVENT_SUB_TYPE_{(sub_type or 'unspecified').upper()}"),
            detail=detail,
        )
    )


def recorded(state: str, **more: object) -> Report:
    """News of the recording."""
    return Report(
        recording=agent_service_pb2.RecordingReport(
            state=bot_pb2.RecordingState.Value(f"RECORDING_STATE_{state.upper()}"),
            **more,  # type: ignore[arg-type]  # a test says what it wants
        )
    )


def seen(uuid: str, what: str = "join", name: str = "Ada", **more: object) -> Report:
    """A participant did something."""
    return Report(
        participant=bot_pb2.ParticipantEvent(
            participant_uuid=uuid,
            participant_name=name,
            event_type=bot_pb2.ParticipantEventType.Value(f"PARTICIPANT_EVENT_TYPE_{what.upper()}"),
            **more,  # type: ignore[arg-type]  # a test says what it wants
        )
    )


def remarked(code: str = "note") -> Report:
    """A remark."""
    return Report(log=event_pb2.LogEntry(level=event_pb2.LOG_LEVEL_INFO, code=code))


@contextlib.asynccontextmanager
async def opened(database_url: str, clock: ManualClock | None = None, **more: object) -> AsyncIterator[Story]:
    """A store with a project."""
    clock = clock or ManualClock()
    store = await Store.open(StoreConfig(database_url, clock=clock, **more))  # type: ignore[arg-type]
    try:
        yield Story(store, (await store.projects.create(f"test {random_word()}")).id, clock)
    finally:
        await store.close()
