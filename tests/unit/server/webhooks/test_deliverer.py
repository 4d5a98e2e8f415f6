from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import structlog

from server.domain.errors import DatabaseAway
from server.domain.webhooks import DeliveryState, DisabledReason
from server.sealing import Sealer
from server.store import DeliveryRecord, Line, OwnWebhooks
from server.tasks import end_tasks
from server.webhooks.secrets import reseal_all, seal_new
from tests.receiver import Receiver, receiver
from tests.unit.server.store.story import Story, moved, remarked
from tests.unit.server.webhooks.sending import SEALER, delivering, has_standard, is_signed, subscribe


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as one:
        yield one


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - asks the database
            await asyncio.sleep(0.01)


async def deliveries(story: Story, webhook_id: str) -> list[DeliveryRecord]:
    return list((await story.store.webhooks.list_deliveries(story.project_id, webhook_id, limit=1000)).results)


async def settled(story: Story, webhook_id: str, attempts: int) -> None:
    """Waits until so many attempts were stored."""

    async def enough() -> bool:
        return sum(one.attempts for one in await deliveries(story, webhook_id)) >= attempts

    await until(enough)


async def test_what_happens_is_sent_in_order_signed_in_both_ways(story: Story, hook: Receiver) -> None:
    record, secret = await subscribe(story, hook.url)
    async with delivering(story):
        lease = await story.joined(metadata={"customer": "ä"})
        await story.report(lease, moved("meeting_ended"))
        received = await hook.until(4)
        await settled(story, record.id, 4)
    states = [one.payload["data"]["new_state"] for one in received]
    assert states == ["joining", "joined_not_recording", "joined_recording", "post_processing"]
    assert all(is_signed(one, secret) for one in received)
    assert all(one.headers["webhook-id"] == one.key for one in received)
    assert {one.payload["bot_id"] for one in received} == {lease.bot.id}
    assert received[0].payload["bot_metadata"] == {"customer": "ä"}
    assert {one.state for one in await deliveries(story, record.id)} == {DeliveryState.DELIVERED}


async def test_a_failed_delivery_comes_again_with_the_same_key_before_what_is_newer(story: Story, hook: Receiver) -> None:
    record, _ = await subscribe(story, hook.url)
    hook.answer = lambda one: 503 if len(hook.received) <= 2 else 200
    async with delivering(story):
        lease = await story.claimed()
        await hook.until(1)
        await settled(story, record.id, 1)
        await story.report(lease, moved("joined_meeting"), moved("recording_permission_granted"))
        story.clock.advance(5)
        await hook.until(2)
        await settled(story, record.id, 2)
        story.clock.advance(300)
        received = await hook.until(5)
    keys = [one.key for one in received]
    assert len({*keys[:3]}) == 1
    assert received[0].body == received[2].body, "the very same bytes"
    sequence = [one.payload["data"]["new_state"] for one in received[2:]]
    assert sequence == ["joining", "joined_not_recording", "joined_recording"]


async def test_one_bots_failing_deliveries_and_one_hanging_receiver_keep_nobody_else_waiting(
    story: Story, hook: Receiver
) -> None:
    async with receiver() as hanging:
        hanging.answer = lambda _: "hang"
        await subscribe(story, hanging.url, "slow")
        record, _ = await subscribe(story, hook.url, "quick")
        bad = await story.bot()
        hook.answer = lambda one: 500 if one.payload["bot_id"] == bad.id else 200
        async with delivering(story, timeout_s=30.0, share=2, concurrency=8):
            others = [await story.bot() for _ in range(10)]

            async def all_others() -> bool:
                done = {one.bot_id for one in await deliveries(story, record.id) if one.state is DeliveryState.DELIVERED}
                return {one.id for one in others} <= done

            await until(all_others)
            assert len(hanging.received) <= 2


async def test_a_server_that_dies_in_the_middle_loses_nothing(story: Story, hook: Receiver) -> None:
    record, _ = await subscribe(story, hook.url)
    await story.joined()
    hook.answer = lambda _: "hang"
    async with delivering(story, timeout_s=60.0) as dying:
        await hook.until(1)
        await end_tasks([*dying._tasks, *dying._sending])  # as kill -9: nothing is said to anybody
        dying._sending.clear()
    hook.answer = lambda _: 200
    async with delivering(story) as second:
        await second._claim()
        assert len(hook.received) == 1, "its lease is not over yet"
        story.clock.advance(65)
        received = await hook.until(4)
        await settled(story, record.id, 3)
    assert received[0].key == received[1].key
    states = [one.payload["data"]["new_state"] for one in received[1:]]
    assert states == ["joining", "joined_not_recording", "joined_recording"]


async def test_a_server_that_stops_in_good_order_lets_go_at_once(story: Story, hook: Receiver) -> None:
    record, _ = await subscribe(story, hook.url)
    await story.bot()
    hook.answer = lambda _: "hang"
    async with delivering(story, timeout_s=60.0):
        await hook.until(1)
    hook.answer = lambda _: 200
    async with delivering(story):
        await hook.until(2)
        await settled(story, record.id, 1)
    assert hook.received[0].key == hook.received[1].key


async def test_a_hint_is_followed_and_a_hint_too_many_changes_nothing(story: Story, hook: Receiver) -> None:
    await subscribe(story, hook.url)
    async with delivering(story, every_s=3600.0) as one:
        for _ in range(10):
            one.hint()
        await story.bot()
        one.hint()
        await hook.until(1)
        await story.bot()
        for _ in range(10):
            one.hint()
        await hook.until(2)
    assert len(hook.received) == 2


async def test_more_than_can_be_sent_at_once_is_sent_one_after_the_other_on_one_hint(story: Story, hook: Receiver) -> None:
    await subscribe(story, hook.url)
    for _ in range(12):
        await story.bot()
    async with delivering(story, every_s=3600.0, concurrency=4, share=2) as one:
        one.hint()
        await hook.until(12)
        assert hook.most_open <= 2, "one webhook has its share"


async def test_webhooks_that_hang_take_one_place_each(story: Story, hook: Receiver) -> None:
    async with receiver() as hanging:
        hanging.answer = lambda _: "hang"
        await subscribe(story, hanging.url, "slow")
        async with delivering(story, timeout_s=0.3, concurrency=4, share=3):
            for _ in range(3):
                await story.bot()
            await hanging.until(3)
            assert hanging.most_open == 3, "nobody knows it yet"
            hanging.most_open = 0
            story.clock.advance(5)
            for _ in range(3):
                await story.bot()
            await hanging.until(6)
    assert hanging.most_open == 1


async def test_a_fault_in_one_look_ends_no_later_one(story: Story, hook: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    await subscribe(story, hook.url)
    looks = 0
    claim = story.store.webhooks.claim_lines

    async def broken(**fields: Any) -> list[Line]:
        nonlocal looks
        looks += 1
        if looks <= 2:
            raise [DatabaseAway(), ValueError("a fault")][looks - 1]
        return await claim(**fields)

    monkeypatch.setattr(story.store.webhooks, "claim_lines", broken)
    with structlog.testing.capture_logs() as logs:
        async with delivering(story):
            await story.bot()
            await hook.until(1)
    assert [line["event"] for line in logs] == ["webhook_sweep_failed"]


async def test_a_long_line_is_sent_to_its_end_in_order(story: Story, hook: Receiver) -> None:
    record, _ = await subscribe(story, hook.url)
    lease = await story.claimed()
    await story.report(lease, *(remarked(f"note_{number}") for number in range(150)))
    async with delivering(story, every_s=3600.0) as one:
        one.hint()
        await hook.until(151)
        await settled(story, record.id, 151)
    said = [one.payload["data"]["entry_type"] for one in hook.received[1:]]
    assert said == [f"note_{number}" for number in range(150)]


async def test_during_an_overlap_both_secrets_are_good_and_afterwards_the_new_one(story: Story, hook: Receiver) -> None:
    record, old = await subscribe(story, hook.url)
    new, sealed = seal_new(SEALER, record.id)
    await story.store.webhooks.rotate_secret(story.project_id, record.id, sealed, 60)
    async with delivering(story):
        await story.bot()
        [during] = await hook.until(1)
        story.clock.advance(61)
        await story.bot()
        after = (await hook.until(2))[1]
    assert has_standard(during, new)
    assert is_signed(during, old)
    assert is_signed(after, new)
    assert not has_standard(after, old)


async def test_a_bots_own_webhook_is_signed_with_the_projects_secret(story: Story, hook: Receiver) -> None:
    secret, sealed = seal_new(SEALER, story.project_id)
    async with delivering(story):
        await story.bot(webhooks=OwnWebhooks(((hook.url, 1),), sealed))
        [one] = await hook.until(1)
    assert is_signed(one, secret)


async def test_a_receiver_that_takes_nothing_for_days_is_given_up_and_the_operator_is_told(story: Story, hook: Receiver) -> None:
    record, _ = await subscribe(story, hook.url)
    hook.answer = lambda _: 500
    with structlog.testing.capture_logs() as logs:
        async with delivering(story, disable_days=2.0):
            await story.bot()
            await settled(story, record.id, 1)
            for attempt, wait_s in enumerate((5, 300, 3 * 86_400), 2):
                story.clock.advance(wait_s)
                await settled(story, record.id, attempt)

            async def disabled() -> bool:
                return (await story.store.webhooks.get(None, record.id)).disabled_reason is DisabledReason.FAILING

            await until(disabled)
    [told] = [line for line in logs if line["event"] == "webhook_disabled"]
    assert (told["webhook_id"], told["project_id"]) == (record.id, story.project_id)
    assert hook.url not in str(logs)


async def test_a_secret_that_cannot_be_opened_is_said_and_nothing_is_sent_unsigned(story: Story, hook: Receiver) -> None:
    record, _ = await subscribe(story, hook.url)
    async with delivering(story, Sealer(["A" * 43])):
        await story.bot()
        await settled(story, record.id, 1)
    assert hook.received == []
    [delivery] = await deliveries(story, record.id)
    assert "cannot be opened" in str(delivery.error)


async def test_secrets_are_sealed_anew_with_the_first_key(story: Story) -> None:
    record, secret = await subscribe(story, "https://hooks.example.com")
    older, newer = SEALER, Sealer(["B" * 43, "A" * 43])
    with_both = Sealer(["A" * 43])
    assert await reseal_all(older, story.store) == (0, [])
    sealed = with_both.seal(secret, f"webhook_secret/{record.id}")
    await story.store.webhooks.rotate_secret(story.project_id, record.id, sealed, 0)
    assert await reseal_all(newer, story.store) == (1, [])
    [stored] = await story.store.webhooks.secrets_after("")
    assert Sealer(["B" * 43]).open(stored.sealed, f"webhook_secret/{record.id}") == secret


async def test_a_secret_that_no_key_opens_keeps_no_other_from_being_sealed_anew(story: Story) -> None:
    record, secret = await subscribe(story, "https://hooks.example.com")
    of_webhook, of_project = f"webhook_secret/{record.id}", f"webhook_secret/{story.project_id}"
    rotate = story.store.webhooks.rotate_secret
    await rotate(story.project_id, None, Sealer(["C" * 43]).seal(secret, of_project), 0)
    await rotate(story.project_id, record.id, Sealer(["A" * 43]).seal(secret, of_webhook), 0)
    assert await reseal_all(Sealer(["B" * 43, "A" * 43]), story.store) == (1, [story.project_id])
    lost, kept = await story.store.webhooks.secrets_after("")
    assert lost.owner_id == story.project_id, "the first one does not stop the look at the next"
    assert Sealer(["B" * 43]).open(kept.sealed, of_webhook) == secret
