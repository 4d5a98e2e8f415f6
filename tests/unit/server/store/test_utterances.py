from __future__ import annotations

from rollcall.v1 import event_pb2
from server.store import Lease
from tests.unit.server.store.story import Report, Story

ONE = "utt_0123456789abcdef"
TWO = "utt_fedcba9876543210"


def said(transcript: str, utterance_id: str = ONE, *, at_ms: int = 1000, final: bool = True) -> Report:
    return Report(
        utterance=event_pb2.Utterance(id=utterance_id, transcript=transcript, speaker_name="Ada", timestamp_ms=at_ms, final=final)
    )


async def transcript(story: Story, lease: Lease, **more: int) -> list[str]:
    every = await story.store.read_transcript(story.project_id, lease.bot.id, **more)
    return [one.transcript for one in every]


async def test_partial_words_become_final_ones_in_one_row(story: Story) -> None:
    lease = await story.joined()
    await story.report(lease, said("hel", final=False), said("hello wor", final=False))
    assert await transcript(story, lease) == []
    await story.report(lease, said("Hello, world."))
    assert await transcript(story, lease) == ["Hello, world."]
    await story.report(lease, said("Hello, world!"))
    assert await transcript(story, lease) == ["Hello, world!"]


async def test_partial_words_that_come_late_do_not_replace_final_ones(story: Story) -> None:
    lease = await story.joined()
    await story.report(lease, said("Hello."), said("hel", final=False))
    assert await transcript(story, lease) == ["Hello."]


async def test_it_is_read_in_the_order_in_which_it_was_begun(story: Story) -> None:
    lease = await story.joined()
    await story.report(lease, said("second", TWO, at_ms=2000), said("first", ONE, at_ms=1000))
    assert await transcript(story, lease) == ["first", "second"]


async def test_only_what_was_stored_later_is_read_where_that_is_asked(story: Story) -> None:
    lease = await story.joined()
    await story.report(lease, said("early"))
    then_us = story.clock.now_us()
    assert await transcript(story, lease, updated_after_us=then_us) == []
    story.clock.advance(1)
    await story.report(lease, said("late", TWO))
    assert await transcript(story, lease, updated_after_us=then_us) == ["late"]


async def test_an_agents_wild_times_are_stored_all_the_same(story: Story) -> None:
    lease = await story.joined()
    await story.report(lease, said("then", at_ms=2**62), said("before", TWO, at_ms=-(2**62)))
    assert await transcript(story, lease) == ["before", "then"]


async def test_the_words_of_one_bot_are_not_anothers(story: Story) -> None:
    one, other = await story.joined(), await story.joined()
    await story.report(one, said("mine"))
    await story.report(other, said("theirs"))
    assert await transcript(story, one) == ["mine"]
    assert await transcript(story, other) == ["theirs"]
