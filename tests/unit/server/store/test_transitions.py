"""Every trigger in every state, through the real store: it moves the bot as the table says, or is refused and changes nothing."""

from __future__ import annotations

from collections import deque

import pytest

from server.domain.errors import IllegalTransition
from server.domain.state import DEFAULT_SUB_TYPE, TERMINAL, BotState, Standing, Trigger, allowed_states, move
from server.store import BotRecord
from tests.unit.server.store.story import Story
from tests.unit.server.store.truths import check_bot

Way = tuple[Trigger, ...]


def ways() -> dict[BotState, Way]:
    """The shortest way to each state that is ever stored: a new bot is joining at once, or scheduled."""
    found: dict[BotState, Way] = {BotState.JOINING: (), BotState.SCHEDULED: ()}
    waiting = deque([Standing(state) for state in found])
    while waiting:
        standing = waiting.popleft()
        for trigger in Trigger:
            if standing.state in allowed_states(trigger):
                after = move(standing, trigger, DEFAULT_SUB_TYPE.get(trigger))
                if after.state not in found:
                    found[after.state] = (*found[standing.state], trigger)
                    waiting.append(after)
    return found


WAYS = ways()


async def brought_to(story: Story, state: BotState) -> BotRecord:
    scheduled = state in {BotState.SCHEDULED, BotState.STAGED}
    bot = await story.bot(join_at_us=story.clock.now_us() + 10**9 if scheduled else None)
    for trigger in WAYS[state]:
        bot = await story.store.apply_trigger(bot.id, trigger, DEFAULT_SUB_TYPE.get(trigger))
    assert bot.state is state
    return bot


def test_only_ready_is_never_stored() -> None:
    assert set(BotState) - set(WAYS) == {BotState.READY}


@pytest.mark.parametrize("state", list(WAYS))
async def test_in_this_state_every_trigger_does_what_the_table_says(story: Story, state: BotState) -> None:
    for trigger in Trigger:
        before = await brought_to(story, state)
        reason = DEFAULT_SUB_TYPE.get(trigger)
        if state in allowed_states(trigger):
            after = await story.store.apply_trigger(before.id, trigger, reason)
            assert after.standing == move(before.standing, trigger, reason)
            assert after.etag != before.etag
            assert after.last_sequence == before.last_sequence + 1
        else:
            with pytest.raises(IllegalTransition) as refused:
                await story.store.apply_trigger(before.id, trigger, reason)
            assert refused.value.state == state.value
            after = await story.store.get_bot(None, before.id)
            assert after == before
        check_bot(after, await story.store.bot_events_after(after.id, 0, 1000))
        if after.state not in TERMINAL:
            await story.store.apply_trigger(after.id, Trigger.FATAL_ERROR, DEFAULT_SUB_TYPE[Trigger.FATAL_ERROR])
