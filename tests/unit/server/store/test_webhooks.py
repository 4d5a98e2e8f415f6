"""What the store promises of webhooks, on both databases: nothing missed, nothing of another project, and order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import update

from rollcall.v1 import agent_service_pb2, bot_pb2, event_pb2
from server.clock import ManualClock
from server.domain.errors import NotFound, Unfulfilled
from server.domain.webhooks import RETRY_S, DeliveryState, DisabledReason, WebhookTrigger, mask_of
from server.store import Attempt, DeliveryRecord, Line, OwnWebhooks, Settled, Store, StoreConfig, WebhookRecord
from server.store.batch import Batch
from server.store.outbox import add_lines
from server.store.webhook_tables import WEBHOOK_DELIVERY
from server.store.writer import Op
from tests.unit.server.store.story import Story, moved, opened, remarked, seen

STATE = mask_of([WebhookTrigger.BOT_STATE_CHANGE])
EVERYTHING = mask_of(WebhookTrigger)
LEASE_S = 15.0
URL = "https://hooks.example.com/a"


async def webhook(
    story: Story, url: str = URL, triggers: int = EVERYTHING, project_id: str = "", limit: int = 20
) -> WebhookRecord:
    webhook_id = f"wh_{url.rsplit('/', 1)[1]:0>16}"
    return await story.store.webhooks.create(
        webhook_id, project_id or story.project_id, url, triggers, sealed_secret=b"sealed", limit=limit
    )


async def deliveries(story: Story, webhook_id: str, project_id: str = "") -> list[DeliveryRecord]:
    page = await story.store.webhooks.list_deliveries(project_id or story.project_id, webhook_id, limit=1000)
    return list(page.results)


async def claim(story: Story, **more: object) -> list[Line]:
    given = {"limit": 100, "lease_s": LEASE_S, "busy": {}, "share": 100} | more
    return await story.store.webhooks.claim_lines(**given)  # type: ignore[arg-type]  # a test says what it wants


async def send(story: Story, line: Line, attempt: Attempt) -> Settled:
    """Settles the first delivery of a line."""
    work = await story.store.webhooks.read_line(line)
    assert work is not None
    failing = work.webhook.failing_since_us is not None
    return await story.store.webhooks.settle(line, work.parcels[0], attempt, lease_s=LEASE_S, was_failing=failing)


FAILED = Attempt(status=500, error="answered 500")
TAKEN = Attempt(status=200)


async def test_each_event_that_a_webhook_subscribes_to_is_a_delivery_and_no_other(story: Story) -> None:
    all_of_it = await webhook(story, "https://hooks.example.com/all")
    states = await webhook(story, "https://hooks.example.com/states", STATE)
    lease = await story.joined()
    final = event_pb2.Utterance(transcript="Hello", final=True)
    partial = event_pb2.Utterance(transcript="Hel", final=False)
    chat = agent_service_pb2.Report(chat=bot_pb2.ChatMessage(text="Hi"))
    utterances = [agent_service_pb2.Report(utterance=utterance) for utterance in (partial, final)]
    people = [seen("1"), seen("1", "update"), seen("1", "speech_start"), seen("1", "leave")]
    await story.report(lease, chat, *utterances, *people, remarked())
    triggers = [WebhookTrigger(word) for one in await deliveries(story, all_of_it.id) for word in _words(one.trigger)]
    assert triggers == [
        *[WebhookTrigger.BOT_STATE_CHANGE] * 3,
        WebhookTrigger.CHAT_MESSAGES_UPDATE,
        WebhookTrigger.TRANSCRIPT_UPDATE,
        WebhookTrigger.PARTICIPANT_JOIN_LEAVE,
        WebhookTrigger.PARTICIPANT_SPEECH,
        WebhookTrigger.PARTICIPANT_JOIN_LEAVE,
        WebhookTrigger.BOT_LOGS_UPDATE,
    ]
    assert len(await deliveries(story, states.id)) == 3
    keys = [one.idempotency_key for hook in (all_of_it, states) for one in await deliveries(story, hook.id)]
    assert len(set(keys)) == len(keys)


def _words(mask: int) -> list[str]:
    return [trigger for trigger in WebhookTrigger if mask_of([trigger]) == mask]


async def test_what_happened_before_a_webhook_was_made_is_not_sent_and_all_after_it_is(story: Story) -> None:
    await story.bot()
    hook = await webhook(story)
    assert await deliveries(story, hook.id) == []
    bot = await story.bot()
    assert [one.bot_id for one in await deliveries(story, hook.id)] == [bot.id]
    await story.store.webhooks.update(story.project_id, hook.id, triggers=mask_of([WebhookTrigger.TRANSCRIPT_UPDATE]))
    await story.bot()
    assert len(await deliveries(story, hook.id)) == 1
    await story.store.webhooks.delete(story.project_id, hook.id)
    await story.bot()
    assert await claim(story) == []


async def test_a_bots_own_webhooks_are_told_instead_of_the_projects(story: Story) -> None:
    of_project = await webhook(story)
    own = OwnWebhooks((("https://own.example.com/1", STATE), ("https://own.example.com/2", EVERYTHING)), b"sealed")
    bot = await story.bot(webhooks=own)
    other = await story.bot()
    assert [one.bot_id for one in await deliveries(story, of_project.id)] == [other.id]
    page = await story.store.webhooks.list_webhooks(story.project_id, bot_id=bot.id)
    assert {one.url for one in page.results} == {"https://own.example.com/1", "https://own.example.com/2"}
    for one in page.results:
        assert [delivery.bot_id for delivery in await deliveries(story, one.id)] == [bot.id]
        assert one.secret_owner == story.project_id
    assert [one.id for one in (await story.store.webhooks.list_webhooks(story.project_id)).results] == [of_project.id]
    await story.store.webhooks.update(story.project_id, page.results[0].id, enabled=False)
    await story.store.request_leave(story.project_id, bot.id)
    assert len(await deliveries(story, of_project.id)) == 1, "also not when one of its own is disabled"


async def test_a_bot_without_events_that_its_own_webhook_wants_tells_nobody(story: Story) -> None:
    await webhook(story)
    own = OwnWebhooks((("https://own.example.com/1", mask_of([WebhookTrigger.TRANSCRIPT_UPDATE])),), b"sealed")
    await story.bot(webhooks=own)
    assert await claim(story) == []


async def test_projects_do_not_hear_of_each_other(story: Story) -> None:
    hook = await webhook(story)
    other = (await story.store.projects.create("other")).id
    theirs = await webhook(story, "https://hooks.example.com/theirs", project_id=other)
    await story.bot()
    assert await deliveries(story, theirs.id, other) == []
    delivery = (await deliveries(story, hook.id))[0]
    store = story.store.webhooks
    for call in (
        lambda: store.get(other, hook.id),
        lambda: store.update(other, hook.id, enabled=False),
        lambda: store.delete(other, hook.id),
        lambda: store.list_deliveries(other, hook.id),
        lambda: store.redeliver(other, hook.id, delivery.id),
        lambda: store.redeliver(other, theirs.id, delivery.id),
        lambda: store.rotate_secret(other, hook.id, b"s", 0),
    ):
        with pytest.raises(NotFound):
            await call()  # type: ignore[no-untyped-call]  # a table of calls
    assert (await store.get(story.project_id, hook.id)).disabled_reason is None


async def test_a_url_is_subscribed_once_and_a_project_has_its_limit(story: Story) -> None:
    hook = await webhook(story, limit=2)
    with pytest.raises(Unfulfilled) as caught:
        await webhook(story, limit=2)
    assert caught.value.reason == "WEBHOOK_URL_IN_USE"
    second = await webhook(story, "https://hooks.example.com/b", limit=2)
    with pytest.raises(Unfulfilled) as caught:
        await webhook(story, "https://hooks.example.com/c", limit=2)
    assert caught.value.reason == "WEBHOOK_LIMIT"
    with pytest.raises(Unfulfilled):
        await story.store.webhooks.update(story.project_id, second.id, url=hook.url)
    same = await story.store.webhooks.update(story.project_id, hook.id, url=hook.url, triggers=STATE)
    assert same.triggers == STATE


async def test_many_that_make_webhooks_at_once_stay_within_the_limit(story: Story) -> None:
    made = await asyncio.gather(
        *(webhook(story, f"https://hooks.example.com/{number}", limit=3) for number in range(20)), return_exceptions=True
    )
    assert sum(isinstance(one, WebhookRecord) for one in made) == 3
    assert len((await story.store.webhooks.list_webhooks(story.project_id)).results) == 3


async def test_a_line_is_sent_in_order_and_only_by_one(story: Story) -> None:
    hook = await webhook(story)
    lease = await story.joined()
    [line] = await claim(story)
    assert await claim(story) == [], "held"
    work = await story.store.webhooks.read_line(line)
    assert work is not None
    assert [parcel.delivery.sequence for parcel in work.parcels] == [1, 2, 3]
    assert event_pb2.Event.FromString(work.parcels[1].event or b"").state.new_state == bot_pb2.BOT_STATE_JOINED_NOT_RECORDING
    for _ in range(3):
        assert (await send(story, line, TAKEN)).held
    await story.report(lease, moved("meeting_ended"))
    await story.store.webhooks.release(line)
    [again] = await claim(story)
    assert again.bot_id == lease.bot.id
    assert (await send(story, again, TAKEN)).held
    await story.store.webhooks.release(again)
    assert await claim(story) == []
    states = [(one.state, one.attempts, one.response_status) for one in await deliveries(story, hook.id)]
    assert states == [(DeliveryState.DELIVERED, 1, 200)] * 4


async def test_the_last_delivery_lets_go_of_its_line_and_one_that_came_meanwhile_is_due(story: Story) -> None:
    hook = await webhook(story)
    lease = await story.claimed()
    [line] = await claim(story)
    work = await story.store.webhooks.read_line(line)
    assert work is not None
    await story.report(lease, moved("joined_meeting"))
    settled = await story.store.webhooks.settle(line, work.parcels[0], TAKEN, lease_s=LEASE_S, was_failing=False, last=True)
    assert not settled.held
    [line] = await claim(story)
    work = await story.store.webhooks.read_line(line)
    assert work is not None
    assert [parcel.delivery.sequence for parcel in work.parcels] == [2]
    await story.store.webhooks.settle(line, work.parcels[0], TAKEN, lease_s=LEASE_S, was_failing=False, last=True)
    assert await claim(story) == []
    assert {one.state for one in await deliveries(story, hook.id)} == {DeliveryState.DELIVERED}


async def test_a_failing_delivery_holds_back_its_own_bots_later_ones_and_nobody_elses(story: Story) -> None:
    hook = await webhook(story)
    await story.joined()
    [line] = await claim(story)
    assert not (await send(story, line, FAILED)).held
    other = await story.bot()
    assert [one.bot_id for one in await claim(story)] == [other.id], "the failing bot's second event is not due before its first"
    story.clock.advance(4.9)
    assert line.bot_id not in [one.bot_id for one in await claim(story)]
    story.clock.advance(0.2)
    assert line.bot_id in [one.bot_id for one in await claim(story)]
    first = next(one for one in await deliveries(story, hook.id) if one.bot_id == line.bot_id)
    assert (first.state, first.attempts, first.error, first.response_status) == (DeliveryState.PENDING, 1, "answered 500", 500)


async def test_the_stated_times_are_kept_and_the_key_stays_the_same(story: Story) -> None:
    hook = await webhook(story)
    await story.bot()
    [key] = [one.idempotency_key for one in await deliveries(story, hook.id)]
    for failures, wait_s in enumerate((*RETRY_S, None)):
        if wait_s is None:
            break
        story.clock.advance(wait_s - 1)
        assert failures == 0 or await claim(story) == []
        story.clock.advance(1)
        [line] = await claim(story)
        settled = await send(story, line, FAILED)
        assert settled.held == (failures == len(RETRY_S) - 1)
    [delivery] = await deliveries(story, hook.id)
    assert (delivery.state, delivery.attempts, delivery.idempotency_key) == (DeliveryState.FAILED, 8, key)
    assert delivery.next_attempt_us is None
    await story.store.webhooks.release(line)
    story.clock.advance(1_000_000)
    assert await claim(story) == []


async def test_a_lease_that_nobody_renews_ends_and_its_old_holder_changes_nothing(story: Story) -> None:
    hook = await webhook(story)
    await story.bot()
    [line] = await claim(story)
    story.clock.advance(LEASE_S - 1)
    assert await claim(story) == []
    story.clock.advance(1)
    [newer] = await claim(story)
    assert not (await send(story, line, TAKEN)).held
    await story.store.webhooks.release(line)
    assert (await deliveries(story, hook.id))[0].state is DeliveryState.PENDING
    assert (await send(story, newer, TAKEN)).held


async def test_no_webhook_gets_more_than_its_share_of_lines(story: Story) -> None:
    slow = await webhook(story)
    await asyncio.gather(*(story.bot() for _ in range(10)))
    other = await webhook(story, "https://hooks.example.com/other")
    await asyncio.gather(*(story.bot() for _ in range(2)))
    lines = await claim(story, limit=10, share=3)
    assert sorted(line.webhook_id for line in lines) == sorted([slow.id] * 3 + [other.id] * 2)
    assert await claim(story, limit=10, share=3, busy={slow.id: 3, other.id: 3}) == []
    assert [line.webhook_id for line in await claim(story, limit=10, share=3, busy={slow.id: 2, other.id: 3})] == [slow.id]


async def test_a_webhook_that_takes_nothing_for_days_is_disabled_with_all_that_waits(story: Story) -> None:
    hook = await webhook(story)
    bot = await story.bot()
    [line] = await claim(story)
    since = (await send(story, line, FAILED)).failing_since_us
    assert since == story.clock.now_us()
    story.clock.advance(5)
    [line] = await claim(story)
    assert (await send(story, line, FAILED)).failing_since_us == since
    disabled = await story.store.webhooks.disable_failing(hook.id, since)
    assert disabled is not None
    assert disabled.disabled_reason is DisabledReason.FAILING
    assert await story.store.webhooks.disable_failing(hook.id, since) is None
    await story.store.request_leave(story.project_id, bot.id)
    [delivery] = await deliveries(story, hook.id)
    assert delivery.state is DeliveryState.CANCELED
    story.clock.advance(100)
    assert await claim(story) == []
    with pytest.raises(Unfulfilled):
        await story.store.webhooks.redeliver(story.project_id, hook.id, delivery.id)
    enabled = await story.store.webhooks.update(story.project_id, hook.id, enabled=True)
    assert (enabled.disabled_reason, enabled.failing_since_us) == (None, None)
    again = await story.store.webhooks.redeliver(story.project_id, hook.id, delivery.id)
    assert (again.state, again.attempts, again.idempotency_key) == (DeliveryState.PENDING, 0, delivery.idempotency_key)


async def test_a_success_forgets_the_failures_before_it(story: Story) -> None:
    hook = await webhook(story)
    await story.joined()
    [line] = await claim(story)
    since = (await send(story, line, FAILED)).failing_since_us
    assert since is not None
    story.clock.advance(5)
    [line] = await claim(story)
    assert (await send(story, line, TAKEN)).failing_since_us is None
    assert (await story.store.webhooks.get(None, hook.id)).failing_since_us is None
    assert await story.store.webhooks.disable_failing(hook.id, since) is None


async def test_a_delivery_can_be_sent_again_and_goes_before_what_is_newer(story: Story) -> None:
    hook = await webhook(story)
    await story.joined()
    [line] = await claim(story)
    assert (await send(story, line, TAKEN)).held
    assert not (await send(story, line, FAILED)).held
    first = (await deliveries(story, hook.id))[0]
    await story.store.webhooks.redeliver(story.project_id, hook.id, first.id)
    [line] = await claim(story)
    work = await story.store.webhooks.read_line(line)
    assert work is not None
    assert [parcel.delivery.sequence for parcel in work.parcels] == [1, 2, 3]
    with pytest.raises(NotFound):
        await story.store.webhooks.redeliver(story.project_id, hook.id, "whd_nothing")


class _SentAgain(Op[None]):
    def __init__(self, line: Line) -> None:
        self._line = line

    def run(self, batch: Batch) -> None:
        batch.connection.execute(update(WEBHOOK_DELIVERY).values(state=DeliveryState.PENDING.value))
        add_lines(batch.connection, [(self._line.webhook_id, self._line.bot_id)], batch.now_us)


async def test_what_is_sent_again_while_its_webhook_is_disabled_is_due_once_and_not_for_ever(story: Story) -> None:
    hook = await webhook(story)
    await story.bot()
    [line] = await claim(story)
    work = await story.store.webhooks.read_line(line)
    assert work is not None
    await story.store.webhooks.update(story.project_id, hook.id, enabled=False)
    # As where one server sends it again while another one disables the webhook: neither sees what the other does.
    await story.store._writer.submit(_SentAgain(line))
    [line] = await claim(story)
    assert await story.store.webhooks.read_line(line) is None
    await story.store.webhooks.release(line)
    assert await claim(story) == []
    assert [one.state for one in await deliveries(story, hook.id)] == [DeliveryState.CANCELED]


async def test_what_was_deleted_is_canceled_and_what_is_newer_has_its_turn(story: Story) -> None:
    hook = await webhook(story)
    await story.joined()
    [line] = await claim(story)
    assert (await send(story, line, Attempt(error="What it told was deleted.", final=True))).held
    assert (await send(story, line, TAKEN)).held
    states = [(one.state, one.attempts) for one in await deliveries(story, hook.id)]
    assert states == [(DeliveryState.CANCELED, 0), (DeliveryState.DELIVERED, 1), (DeliveryState.PENDING, 0)]
    assert (await story.store.webhooks.get(None, hook.id)).failing_since_us is None


async def test_what_has_ended_is_forgotten_in_time_and_what_waits_is_not(story: Story) -> None:
    hook = await webhook(story)
    await story.joined()
    [line] = await claim(story)
    await send(story, line, TAKEN)
    story.clock.advance(10)
    assert await story.store.webhooks.forget_deliveries(story.clock.now_us() - 20_000_000) == 0
    assert await story.store.webhooks.forget_deliveries(story.clock.now_us()) == 1
    assert [one.sequence for one in await deliveries(story, hook.id)] == [2, 3]


async def test_secrets_rotate_with_an_overlap_and_are_made_once_for_a_project(story: Story) -> None:
    hook = await webhook(story)
    store = story.store.webhooks
    rotated = await store.rotate_secret(story.project_id, hook.id, b"second", 60)
    assert (rotated.sealed, rotated.previous_sealed) == (b"second", b"sealed")
    assert rotated.previous_until_us == story.clock.now_us() + 60_000_000
    at_once = await store.rotate_secret(story.project_id, hook.id, b"third", 0)
    assert (at_once.previous_sealed, at_once.previous_until_us) == (None, None)
    own = OwnWebhooks((("https://own.example.com/1", STATE),), b"first of project")
    await story.bot(webhooks=own)
    await story.bot(webhooks=OwnWebhooks(own.webhooks, b"another"))
    stored = {record.owner_id: record.sealed for record in await store.secrets_after("")}
    assert stored == {hook.id: b"third", story.project_id: b"first of project"}
    of_bot = (await store.list_webhooks(story.project_id, bot_id=(await story.bot(webhooks=own)).id)).results[0]
    with pytest.raises(Unfulfilled):
        await store.rotate_secret(story.project_id, of_bot.id, b"x", 0)
    with pytest.raises(Unfulfilled):
        await store.update(story.project_id, of_bot.id, triggers=STATE)
    made = await store.rotate_secret((await story.store.projects.create("new")).id, None, b"new", 60)
    assert made.previous_sealed is None


async def test_sealing_anew_loses_no_rotation_that_happens_meanwhile(story: Story) -> None:
    hook = await webhook(story)
    [read] = await story.store.webhooks.secrets_after("")
    await story.store.webhooks.rotate_secret(story.project_id, hook.id, b"second", 0)
    assert not await story.store.webhooks.reseal(read, b"old, sealed anew", None)
    [read] = await story.store.webhooks.secrets_after("")
    assert await story.store.webhooks.reseal(read, b"second, sealed anew", None)
    assert (await story.store.webhooks.secrets_after(""))[0].sealed == b"second, sealed anew"


async def test_a_webhook_made_by_one_server_is_told_of_what_happens_on_another_at_once(
    new_postgresql_url: Callable[[], str],
) -> None:
    url = new_postgresql_url()
    clock = ManualClock()
    async with opened(url, clock) as here:
        await here.bot()
        elsewhere = await Store.open(StoreConfig(url, clock=clock))
        there = Story(elsewhere, here.project_id, clock)
        try:
            await there.bot()
            hook = await webhook(there)
            bot = await here.bot()
            assert [one.bot_id for one in await deliveries(here, hook.id)] == [bot.id]
            await here.store.webhooks.update(here.project_id, hook.id, enabled=False)
            await there.bot()
            assert len(await deliveries(here, hook.id)) == 1
        finally:
            await elsewhere.close()


async def test_servers_that_share_the_lines_do_each_once(new_postgresql_url: Callable[[], str]) -> None:
    url = new_postgresql_url()
    clock = ManualClock()
    async with opened(url, clock) as here:
        elsewhere = await Store.open(StoreConfig(url, clock=clock))
        there = Story(elsewhere, here.project_id, clock)
        try:
            hook = await webhook(here)
            await asyncio.gather(*(story.joined() for story in (here, there) for _ in range(20)))

            async def work(story: Story) -> list[Line]:
                done: list[Line] = []
                while lines := await claim(story, limit=3):
                    for line in lines:
                        for _ in range(3):
                            assert (await send(story, line, TAKEN)).held
                        await story.store.webhooks.release(line)
                    done += lines
                return done

            done = [line for lines in await asyncio.gather(work(here), work(there), work(here), work(there)) for line in lines]
            assert len(done) == len({line.bot_id for line in done}) == 40
            assert {one.state for one in await deliveries(here, hook.id)} == {DeliveryState.DELIVERED}
        finally:
            await elsewhere.close()
