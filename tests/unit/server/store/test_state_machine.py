"""Whatever callers, agents, clocks and other servers do to bots, and in whatever order, what is stored follows the table.

Hypothesis makes up stories and, where one goes wrong, tells the shortest. CI tells the same stories each time; for others, and
more of them: ROLLCALL_STORIES=1000 pytest tests/unit/server/store/test_state_machine.py
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from rollcall.v1 import agent_service_pb2
from server.clock import ManualClock
from server.domain.errors import (
    Changed,
    DomainError,
    DuplicateKey,
    IllegalTransition,
    LeaseLost,
    LeaseNotAvailable,
    NotFound,
)
from server.domain.ids import random_word
from server.domain.state import (
    RECORDING_OPEN,
    TERMINAL,
    BotState,
    SubType,
    Trigger,
    allowed_states,
    carries,
)
from server.domain.wishes import RULES, Wish
from server.rpc.convert import bot_message
from server.store import BotChange, BotRecord, Lease, Store, StoreConfig
from server.store.records import task_of
from tests.unit.server.store.likely import REPORTS, SUB_TYPES, TRIGGERS, fitting, likely_reports
from tests.unit.server.store.story import Report, Story, numbered, recorded
from tests.unit.server.store.truths import check_bot, check_project

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, Any]], Any]

MOST_LIVE = 3
WORKERS = st.sampled_from(["worker-1", "worker-2"])
BOTS = st.integers(0, MOST_LIVE)
SERVERS = st.integers(0, 1)
ETAGS = st.sampled_from(["none", "any", "its own", "an old one"])
JOIN_IN_S = st.sampled_from([None, None, 30, 300])
KEYS = st.sampled_from([None, None, "a", "b"])
WAITS_S = st.sampled_from([0.5, 1, 2, 4, 4, 11, 61, 601])
WISHES = st.sampled_from([Wish.SEND_CHAT_MESSAGE, Wish.PAUSE_RECORDING, Wish.RESUME_RECORDING])
OFFSETS = st.sampled_from([0, 0, 0, 0, -1, -3, 1])
"""Where the numbers of reports begin: next in turn, sent again, or with a gap before them."""


class Bots(RuleBasedStateMachine):
    """A project with a few bots, on one or two servers."""

    run: Run
    stories: list[Story]

    @initialize()
    def begin(self) -> None:
        self.bots: list[str] = []
        self.etags: dict[tuple[str, str], bytes] = {}
        self.old_etags: dict[str, str] = {}
        self.project_id = self.run(self.stories[0].store.projects.create(f"a story {random_word()}")).id
        self.bots.append(self.run(self.store(0).create_bot(self.stories[0].new_bot(project_id=self.project_id))).id)

    def store(self, server: int) -> Store:
        return self.stories[server % len(self.stories)].store

    def bot(self, which: int) -> BotRecord:
        """One of the newest."""
        record: BotRecord = self.run(self.store(0).get_bot(self.project_id, self.bots[-1 - which % len(self.bots)]))
        return record

    def etag(self, bot: BotRecord, given: str) -> str | None:
        old = self.old_etags.setdefault(bot.id, bot.etag)
        return {"none": None, "any": "*", "its own": bot.etag, "an old one": old}[given]

    def live(self) -> list[BotRecord]:
        """Those that have not ended."""
        bots = [self.run(self.store(0).get_bot(self.project_id, bot_id)) for bot_id in self.bots]
        return [bot for bot in bots if bot.state not in TERMINAL]

    def tried(self, wish: Coroutine[Any, Any, T], *errors: type[Exception]) -> T | Exception:
        """What came of it: the result, or one of these errors."""
        try:
            result: T = self.run(wish)
        except errors as error:
            return error
        return result

    def check(self, bot_id: str) -> None:
        """All that is true of a bot; and an etag stands for one content."""
        bot = self.run(self.store(0).get_bot(self.project_id, bot_id))
        log = self.run(self.store(1).bot_events_after(bot_id, 0, 10_000))
        check_bot(bot, log)
        content = bot_message(bot).SerializeToString(deterministic=True)
        assert self.etags.setdefault((bot_id, bot.etag), content) == content

    # -- Callers -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.live()) < MOST_LIVE)
    @rule(server=SERVERS, join_in_s=JOIN_IN_S, key=KEYS)
    def create(self, server: int, join_in_s: int | None, key: str | None) -> None:
        story = self.stories[0]
        join_at_us = None if join_in_s is None else story.clock.now_us() + join_in_s * 1_000_000
        held = any(bot.deduplication_key == key for bot in self.live())
        new = story.new_bot(project_id=self.project_id, join_at_us=join_at_us, deduplication_key=key)
        made = self.tried(self.store(server).create_bot(new), DuplicateKey)
        assert isinstance(made, DuplicateKey) is (held and key is not None)
        if isinstance(made, BotRecord):
            self.bots.append(made.id)
            self.check(made.id)

    @rule(which=BOTS, server=SERVERS, given=ETAGS)
    def leave(self, which: int, server: int, given: str) -> None:
        bot = self.bot(which)
        etag = self.etag(bot, given)
        result = self.tried(self.store(server).request_leave(self.project_id, bot.id, etag=etag), Changed, IllegalTransition)
        if etag in {None, "*", bot.etag}:
            assert isinstance(result, BotRecord) is (bot.state in allowed_states(Trigger.LEAVE_REQUESTED))
        else:
            assert isinstance(result, Changed)
        if isinstance(result, Exception):
            assert self.bot(which) == bot
        self.check(bot.id)

    @rule(which=BOTS, server=SERVERS, scheduled_only=st.booleans(), value=st.sampled_from(["1", "2"]))
    def edit(self, which: int, server: int, scheduled_only: bool, value: str) -> None:
        bot = self.bot(which)
        change = BotChange(
            metadata={"a": value}, bot_name=value if scheduled_only else None, only_scheduled=("bot_name",) * scheduled_only
        )
        result = self.tried(self.store(server).update_bot(self.project_id, bot.id, change, etag=bot.etag), IllegalTransition)
        assert isinstance(result, IllegalTransition) is (scheduled_only and bot.state is not BotState.SCHEDULED)
        after = self.bot(which)
        assert (after.etag == bot.etag) is isinstance(result, IllegalTransition)
        assert after.standing == bot.standing
        self.check(bot.id)

    @rule(which=BOTS, server=SERVERS, given=ETAGS)
    def delete(self, which: int, server: int, given: str) -> None:
        """A scheduled bot is taken away, of one that has ended the data; else nothing is done."""
        bot = self.bot(which)
        etag = self.etag(bot, given)
        if bot.state is BotState.SCHEDULED and len(self.bots) > 1:
            gone = self.tried(self.store(server).delete_bot(self.project_id, bot.id, etag=etag), Changed)
            if gone is None:
                self.bots.remove(bot.id)
                assert isinstance(self.tried(self.store(0).get_bot(None, bot.id), NotFound), NotFound)
                return
            assert etag not in {None, "*", bot.etag}
        else:
            deletion = self.store(server).purges.delete_data(self.project_id, bot.id, etag=etag)
            result = self.tried(deletion, Changed, IllegalTransition)
            if etag in {None, "*", bot.etag}:
                assert isinstance(result, BotRecord) is (bot.state in allowed_states(Trigger.DATA_DELETED))
            else:
                assert isinstance(result, Changed)
            while self.run(self.store(server).purges.redact(bot.id)):
                pass
        self.check(bot.id)

    @rule(which=BOTS, server=SERVERS, wish=WISHES)
    def wish(self, which: int, server: int, wish: Wish) -> None:
        bot = self.bot(which)
        result = self.tried(
            self.store(server).add_command(self.project_id, bot.id, agent_service_pb2.Command(), wish), IllegalTransition
        )
        assert isinstance(result, IllegalTransition) is (bot.state not in RULES[wish].states)
        self.check(bot.id)

    @rule(which=BOTS, server=SERVERS, data=st.data())
    def trigger(self, which: int, server: int, data: st.DataObject) -> None:
        bot = self.bot(which)
        likely = fitting(bot.standing) if bot.state is not BotState.DATA_DELETED else st.nothing()
        trigger, sub_type = data.draw(likely | st.tuples(TRIGGERS, SUB_TYPES))
        result = self.tried(self.store(server).apply_trigger(bot.id, trigger, sub_type), IllegalTransition, ValueError)
        fits = carries(trigger, sub_type)
        assert isinstance(result, BotRecord) is (fits and bot.state in allowed_states(trigger))
        if isinstance(result, Exception):
            assert self.bot(which) == bot
        self.check(bot.id)

    # -- Agents --------------------------------------------------------------------------------------------------------

    @rule(which=BOTS, server=SERVERS, worker=WORKERS)
    def claim(self, which: int, server: int, worker: str) -> None:
        bot = self.bot(which)
        result = self.tried(self.store(server).claim_lease(bot.id, worker), LeaseNotAvailable)
        free = bot.worker_id is None or (bot.worker_id == worker and bot.last_report_number == 0)
        assert isinstance(result, Lease) is (free and task_of(bot.standing) is not None)
        if isinstance(result, Lease):
            assert (result.epoch, result.bot.worker_id) == (bot.epoch + 1, worker)
        self.check(bot.id)

    @rule(which=BOTS, server=SERVERS, data=st.data())
    def attend(self, which: int, server: int, data: st.DataObject) -> None:
        """An agent does its work for a while."""
        bot = self.bot(which)
        if bot.wants_worker:
            bot = self.run(self.store(server).claim_lease(bot.id, "worker-1")).bot
        if bot.worker_id is not None:
            reports = numbered(data.draw(likely_reports(bot.standing)), bot.last_report_number + 1)
            assert self.run(self.store(server).store_reports(bot.id, bot.epoch, reports)) == reports[-1].number
        self.check(bot.id)

    @rule(which=BOTS, server=SERVERS, worker=WORKERS, behind=st.sampled_from([0, 0, 0, 1]))
    def resume(self, which: int, server: int, worker: str, behind: int) -> None:
        bot = self.bot(which)
        result = self.tried(self.store(server).resume_lease(bot.id, worker, bot.epoch - behind), LeaseLost)
        assert isinstance(result, Lease) is (bot.worker_id == worker and not behind)
        self.check(bot.id)

    @rule(which=BOTS, server=SERVERS, data=st.data(), offset=OFFSETS, behind=st.sampled_from([0, 0, 0, 0, 1]))
    def report(self, which: int, server: int, data: st.DataObject, offset: int, behind: int) -> None:
        """What an agent says comes late, again, or out of order."""
        bot = self.bot(which)
        reports = data.draw(likely_reports(bot.standing) | REPORTS)
        first = max(1, bot.last_report_number + 1 + offset)
        sent = numbered([Report.FromString(report.SerializeToString()) for report in reports], first)
        result = self.tried(self.store(server).store_reports(bot.id, bot.epoch - behind, sent), LeaseLost)
        if bot.worker_id is None or behind:
            assert isinstance(result, LeaseLost)
            assert self.bot(which) == bot
        else:
            taken = max(bot.last_report_number, first + len(sent) - 1) if first <= bot.last_report_number + 1 else first - 2
            assert result == taken == self.bot(which).last_report_number
        self.check(bot.id)

    @rule(which=BOTS, server=SERVERS, hand_over=st.booleans(), behind=st.sampled_from([0, 0, 0, 1]))
    def release(self, which: int, server: int, hand_over: bool, behind: int) -> None:
        bot = self.bot(which)
        after = self.run(self.store(server).release_lease(bot.id, bot.epoch - behind, hand_over=hand_over))
        if behind or bot.worker_id is None:
            assert after == bot
        else:
            assert after.worker_id is None
            assert after.attempt == bot.attempt or not hand_over
        self.check(bot.id)

    # -- Time, and several at once -------------------------------------------------------------------------------------

    @rule(server=SERVERS, seconds=WAITS_S)
    def wait(self, server: int, seconds: float) -> None:
        clock = self.stories[0].clock
        clock.advance(seconds)
        while self.run(self.store(server).sweep()):
            pass
        for bot_id in self.bots:
            bot = self.run(self.store(0).get_bot(None, bot_id))
            assert bot.lease_expires_us is None or bot.lease_expires_us > clock.now_us(), "a lease that is over was ended"
            assert bot.state is not BotState.LEAVING or bot.worker_id is not None, "nobody leaves for ever"
            assert bot.join_at_us is None or bot.join_at_us > clock.now_us() or bot.state is not BotState.SCHEDULED
            assert bot.attempt <= 3
            self.check(bot_id)

    @rule(which=BOTS, reports=REPORTS, wish=WISHES, leave=st.sampled_from([False, False, False, True]))
    def race(self, which: int, reports: list[Report], wish: Wish, leave: bool) -> None:
        """Everybody at once: within a server in one transaction, between servers by the row's lock.

        Which of two servers comes first differs each time, and hypothesis wants stories that go on as before: the bot's ends.
        """
        bot = self.bot(which)
        sent = numbered([Report.FromString(report.SerializeToString()) for report in reports], bot.last_report_number + 1)
        left, right = self.store(0), self.store(1)

        etag = bot.etag if leave else "an old one"

        async def all_at_once() -> list[Any]:
            return await asyncio.gather(
                left.claim_lease(bot.id, "worker-1"),
                right.claim_lease(bot.id, "worker-2"),
                left.request_leave(self.project_id, bot.id, etag=etag),
                right.request_leave(self.project_id, bot.id, SubType.AUTO_LEAVE_SILENCE, etag=etag),
                right.store_reports(bot.id, bot.epoch, sent),
                left.store_reports(bot.id, bot.epoch, sent),
                left.add_command(self.project_id, bot.id, agent_service_pb2.Command(), wish),
                right.release_lease(bot.id, bot.epoch - 1),
                return_exceptions=True,
            )

        results = self.run(all_at_once())
        assert all(isinstance(result, DomainError) for result in results if isinstance(result, BaseException)), results
        assert sum(isinstance(result, Lease) for result in results[:2]) <= 1
        assert sum(isinstance(result, BotRecord) for result in results[2:4]) <= 1
        self.check(bot.id)
        if len(self.stories) > 1:
            self.run(self.settle(bot.id))
            self.check(bot.id)
            self.bots.remove(bot.id)
            self.bots = self.bots or [self.run(left.create_bot(self.stories[0].new_bot(project_id=self.project_id))).id]

    # -- The end -------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """The whole log once more; then no bot is left for the next story's sweeps."""
        if not hasattr(self, "bots"):
            return
        check_project(self.run(self.store(0).project_events_after(self.project_id, 0, 10_000)))
        for bot_id in self.bots:
            self.run(self.settle(bot_id))

    async def settle(self, bot_id: str) -> None:
        store = self.store(0)
        with contextlib.suppress(IllegalTransition):
            await store.apply_trigger(bot_id, Trigger.FATAL_ERROR, SubType.INTERNAL_ERROR)
        bot = await store.release_lease(bot_id, (await store.get_bot(None, bot_id)).epoch)
        if bot.recording_state in RECORDING_OPEN and bot.wants_worker:
            lease = await store.claim_lease(bot_id, "worker-1")
            await store.store_reports(bot_id, lease.epoch, numbered([recorded("failed")]))
            bot = await store.release_lease(bot_id, lease.epoch)
        assert bot.settled


@pytest.fixture
def run() -> Iterator[Run]:
    """One event loop for all stories."""
    with asyncio.Runner() as runner:
        yield runner.run


def tell(run: Run, url: str, *, servers: int, stories: int) -> None:
    """Lets hypothesis tell stories on a database."""
    clock = ManualClock()
    stores = [run(Store.open(StoreConfig(url, clock=clock))) for _ in range(servers)]

    class OnThis(Bots):
        pass

    OnThis.run = staticmethod(run)
    OnThis.stories = [Story(store, "", clock) for store in stores]
    more = os.environ.get("ROLLCALL_STORIES")
    try:
        run_state_machine_as_test(
            OnThis,
            settings=settings(
                max_examples=int(more or stories),
                stateful_step_count=60,
                derandomize=more is None,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        for store in stores:
            run(store.close())


@pytest.mark.timeout(600)  # where a story goes wrong, a shorter one is looked for
def test_on_sqlite(run: Run, tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path)
    tell(run, f"sqlite:///{tmp_path / sqlite_template.name}", servers=1, stories=100)


@pytest.mark.timeout(600)
def test_on_postgresql_with_two_servers(run: Run, new_postgresql_url: Callable[[], str]) -> None:
    tell(run, new_postgresql_url(), servers=2, stories=25)
