"""One bad operation hurts its caller and nobody else; no caller waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rollcall.v1 import event_pb2
from server.domain.errors import DatabaseAway, NotFound, QuotaExceeded
from server.store.batch import Batch
from server.store.bots import CreateBot
from server.store.engines import make_engine
from server.store.records import StoreConfig
from server.store.writer import MOST_IN_A_BATCH, Op
from tests import services
from tests.unit.server.store.story import Story, opened


class BadStatement(Op[None]):
    def run(self, batch: Batch) -> None:
        batch.connection.execute(text("SELECT * FROM no_such_table"))


class BadRow(Op[None]):
    """Fails only when the batch is written."""

    def run(self, batch: Batch) -> None:
        batch.new.settings.append({"bot_id": "bot_nobody", "data": b""})
        batch.new.commands.append({"id": None})


class Fault(Op[None]):
    def run(self, batch: Batch) -> None:
        raise ZeroDivisionError


class HalfDone(Op[None]):
    """Changes everything it can reach, then finds that it must not."""

    def __init__(self, bot_id: str) -> None:
        self.bot_ids = (bot_id,)

    def run(self, batch: Batch) -> None:
        row = batch.bot(self.bot_ids[0])
        row.state, row.epoch = "ended", 99
        batch.event(row, event_pb2.EVENT_KIND_LOG)
        batch.move(row)
        raise NotFound("Anything")


class BadPrepare(Op[None]):
    @classmethod
    def prepare(cls, batch: Batch, ops: Sequence[Op[None]]) -> None:
        raise ZeroDivisionError


@pytest.mark.parametrize("bad", [BadStatement, BadRow, Fault, BadPrepare])
async def test_a_bad_operation_fails_alone_and_nothing_of_the_others_is_lost(story: Story, bad: type[Op[None]]) -> None:
    writer = story.store._writer
    futures: list[asyncio.Future[object]] = []
    for number in range(60):
        futures.append(writer.submit(CreateBot(story.new_bot(deduplication_key=f"k{number}"))))  # type: ignore[arg-type]  # of any type
        if number % 20 == 10:
            futures.append(writer.submit(bad()))  # type: ignore[arg-type]  # of any type
    results = await asyncio.gather(*futures, return_exceptions=True)
    assert sum(isinstance(result, BaseException) for result in results) == 3
    assert len(await story.log()) == 60
    assert [event.position for event in await story.log()] == list(range(1, 61))


async def test_a_log_that_cannot_be_written_leaves_nobody_waiting(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("server.store.writer._log.error", full, raising=False)
    async with asyncio.timeout(10):
        with pytest.raises(ZeroDivisionError):
            await story.store._writer.submit(Fault())
        assert await story.bot()


async def test_what_an_operation_did_before_it_failed_is_undone(story: Story) -> None:
    bot = await story.bot()
    writer = story.store._writer
    results = await asyncio.gather(
        writer.submit(HalfDone(bot.id)),
        story.store.claim_lease(bot.id, "w"),
        writer.submit(HalfDone(bot.id)),
        return_exceptions=True,
    )
    assert isinstance(results[0], NotFound)
    assert isinstance(results[2], NotFound)
    after = await story.store.get_bot(None, bot.id)
    assert (after.state.value, after.epoch, after.last_sequence) == ("joining", 1, 1)
    assert await story.told(bot.id) == ["join_requested"]


async def test_what_waits_together_is_committed_together(story: Story) -> None:
    commits: list[int] = []
    story.store.on_commit(lambda events: commits.append(len(events)))
    await asyncio.gather(*(story.bot() for _ in range(2000)))
    assert sum(commits) == 2000
    assert max(commits) <= MOST_IN_A_BATCH
    assert len(commits) < 200


async def test_a_caller_that_goes_away_stops_nobody(story: Story) -> None:
    tasks = [asyncio.create_task(story.bot()) for _ in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(result, asyncio.CancelledError) for result in results) == 25
    assert (await story.bot()).id


async def test_closing_does_first_what_was_asked(database_url: str) -> None:
    async with opened(database_url) as story:
        tasks = [asyncio.create_task(story.bot()) for _ in range(500)]
        await asyncio.sleep(0)
        await story.store.close()
        assert len(await asyncio.gather(*tasks)) == 500
        with pytest.raises(DatabaseAway):
            await story.bot()


async def test_a_sqlite_file_locked_by_another_is_waited_for_then_given_up(tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/rollcall.db"
    async with opened(url, wait_seconds=0.3) as story:
        engine = make_engine(StoreConfig(url), writes=True)
        with engine.connect() as connection, connection.begin(), pytest.raises(DatabaseAway):
            await story.bot()
        await story.bot()
        engine.dispose()


async def test_calls_wait_for_a_database_that_comes_back_and_fail_when_it_does_not() -> None:
    with services.postgresql() as server:
        async with opened(server.url(), wait_seconds=1.0) as story:
            lease = await story.joined()
            server.stop()
            began = asyncio.get_running_loop().time()
            results = await asyncio.gather(
                *(story.bot() for _ in range(300)),
                story.store.get_bot(None, lease.bot.id),
                story.store.renew_lease(lease.bot.id, lease.epoch),
                return_exceptions=True,
            )
            assert {type(result) for result in results} == {DatabaseAway}
            assert asyncio.get_running_loop().time() - began < 5
            waiting = asyncio.create_task(story.bot())
            await asyncio.to_thread(server.start)
            done = await asyncio.gather(waiting, return_exceptions=True)
            assert isinstance(done[0], DatabaseAway) or done[0].bot_name == "Rollcall"  # type: ignore[union-attr]  # a bot
            await story.bot()
            log = await story.log()
            assert [event.position for event in log] == list(range(1, len(log) + 1))


class Waits(Op[None]):
    """Keeps the writer busy, so that what is asked meanwhile is one batch."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def run(self, batch: Batch) -> None:
        assert self.go_on.wait(60)


async def test_a_bot_that_was_refused_holds_no_key(story: Story) -> None:
    await story.bot()
    waits = Waits()
    first = story.store._writer.submit(waits)
    refused = [story.store._writer.submit(CreateBot(story.new_bot(deduplication_key="k", most_active=1))) for _ in range(2)]
    waits.go_on.set()
    await first
    results = await asyncio.gather(*refused, return_exceptions=True)
    assert [type(result) for result in results] == [QuotaExceeded, QuotaExceeded]


class BadWords(Op[None]):
    def run(self, batch: Batch) -> None:
        batch.connection.execute(text("INSERT INTO no_such_table VALUES (:words)"), {"words": "what Ada said"})


async def test_an_error_that_may_be_logged_holds_nothing_of_what_was_to_be_stored(story: Story) -> None:
    with pytest.raises(DBAPIError) as caught:
        await story.store._writer.submit(BadWords())
    assert "Ada" not in str(caught.value)
