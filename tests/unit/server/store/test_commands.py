from __future__ import annotations

import asyncio

import pytest

from rollcall.v1 import agent_service_pb2, event_pb2
from server.domain.errors import IllegalTransition, LeaseLost, QuotaExceeded
from server.domain.state import RecordingState
from server.domain.wishes import Wish
from server.store import CommandRecord, Lease
from server.store.commands import MOST_WAITING, MOST_WAITING_BYTES
from tests.unit.server.store.story import Story, moved

SAY = agent_service_pb2.Command(send_chat=agent_service_pb2.SendChatCommand(message="hello"))


async def wish(story: Story, lease: Lease) -> CommandRecord:
    return (await story.store.add_command(story.project_id, lease.bot.id, SAY, Wish.SEND_CHAT_MESSAGE)).command


async def test_a_wish_waits_until_there_is_a_result(story: Story) -> None:
    lease = await story.joined()
    first, second = await wish(story, lease), await wish(story, lease)
    assert await story.store.pending_commands(lease.bot.id) == [first, second]
    assert first.command.send_chat.message == "hello"
    assert first.command.command_id == first.id
    await story.store.finish_command(lease.bot.id, lease.epoch, agent_service_pb2.CommandResult(command_id=first.id, done=True))
    assert await story.store.pending_commands(lease.bot.id) == [second]


async def test_the_log_tells_of_a_wish_and_once_of_its_result(story: Story) -> None:
    lease = await story.joined()
    command = await wish(story, lease)
    result = agent_service_pb2.CommandResult(command_id=command.id, done=False, detail="chat is off")
    for again in (result, result, agent_service_pb2.CommandResult(command_id="cmd_\x00")):
        await story.store.finish_command(lease.bot.id, lease.epoch, again)
    told = [event.media_request for event in await story.events(lease.bot.id) if event.HasField("media_request")]
    assert [request.state for request in told] == [
        event_pb2.MEDIA_REQUEST_STATE_REQUESTED,
        event_pb2.MEDIA_REQUEST_STATE_FAILED,
    ]
    assert told[1].detail == "chat is off"
    assert told[1].action == "send_chat_message"


async def test_only_a_bot_in_the_meeting_takes_wishes(story: Story) -> None:
    lease = await story.claimed()
    with pytest.raises(IllegalTransition) as caught:
        await wish(story, lease)
    assert caught.value.wish == "send chat messages"
    assert "joined_recording" in caught.value.allowed
    await story.report(lease, moved("joined_meeting"))
    await wish(story, lease)


async def test_a_pause_that_nobody_carried_out_holds_for_the_next_agent_from_its_first_moment_on(story: Story) -> None:
    lease = await story.joined()
    pause = agent_service_pb2.Command(pause_recording=agent_service_pb2.PauseRecordingCommand())
    asked = (await story.store.add_command(story.project_id, lease.bot.id, pause, Wish.PAUSE_RECORDING)).command
    await story.store.release_lease(lease.bot.id, lease.epoch, hand_over=True)
    second = await story.store.claim_lease(lease.bot.id, "worker_2")
    assert second.bot.recording_state is RecordingState.PAUSED
    done = agent_service_pb2.CommandResult(command_id=asked.id, done=False, detail="format is none")
    await story.store.finish_command(lease.bot.id, second.epoch, done)
    await story.store.release_lease(lease.bot.id, second.epoch, hand_over=True)
    third = await story.store.claim_lease(lease.bot.id, "worker_3")
    assert third.bot.recording_state is RecordingState.IN_PROGRESS


async def test_one_bot_cannot_finish_anothers_wish(story: Story) -> None:
    one, other = await story.joined(), await story.joined()
    command = await wish(story, one)
    result = agent_service_pb2.CommandResult(command_id=command.id, done=True)
    await story.store.finish_command(other.bot.id, other.epoch, result)
    assert await story.store.pending_commands(one.bot.id) == [command]
    with pytest.raises(LeaseLost):
        await story.store.finish_command(one.bot.id, one.epoch + 1, result)


async def test_a_wish_of_a_bot_whose_workers_were_all_lost_has_failed(story: Story) -> None:
    lease = await story.joined()
    command = await wish(story, lease)
    for _ in range(3):
        story.clock.advance(60)
        await story.store.sweep()
        if await story.state(lease.bot.id) == "joining":
            await story.store.claim_lease(lease.bot.id, "worker")
    assert await story.state(lease.bot.id) == "fatal_error"
    assert await story.store.pending_commands(lease.bot.id) == []
    told = [event.media_request for event in await story.events(lease.bot.id) if event.HasField("media_request")]
    assert [(request.command_id, request.state) for request in told] == [
        (command.id, event_pb2.MEDIA_REQUEST_STATE_REQUESTED),
        (command.id, event_pb2.MEDIA_REQUEST_STATE_FAILED),
    ]


async def test_the_end_of_a_wish_is_told_once_though_its_result_and_the_release_come_together(story: Story) -> None:
    lease = await story.joined()
    first, second = await wish(story, lease), await wish(story, lease)
    await story.report(lease, moved("meeting_ended"))
    result = agent_service_pb2.CommandResult(command_id=first.id, done=True)
    finish, release = story.store.finish_command, story.store.release_lease
    ahead = story.store.projects.create("keeps the writer busy, so that the others are in one batch")
    await asyncio.gather(ahead, finish(lease.bot.id, lease.epoch, result), release(lease.bot.id, lease.epoch))
    told = [event.media_request for event in await story.events(lease.bot.id) if event.HasField("media_request")]
    assert [(request.command_id, request.state) for request in told[2:]] == [
        (first.id, event_pb2.MEDIA_REQUEST_STATE_DONE),
        (second.id, event_pb2.MEDIA_REQUEST_STATE_FAILED),
    ]
    assert await story.store.pending_commands(lease.bot.id) == []


async def test_wishes_already_sent_are_not_read_again(story: Story) -> None:
    lease = await story.joined()
    first, second = await wish(story, lease), await wish(story, lease)
    assert await story.store.pending_commands(lease.bot.id, without={first.id}) == [second]


async def test_a_bot_has_at_most_so_many_wishes_waiting(story: Story) -> None:
    lease = await story.joined()
    first = await wish(story, lease)
    for _ in range(MOST_WAITING - 1):
        await wish(story, lease)
    with pytest.raises(QuotaExceeded):
        await wish(story, lease)
    await story.store.finish_command(lease.bot.id, lease.epoch, agent_service_pb2.CommandResult(command_id=first.id, done=True))
    await wish(story, lease)


async def test_what_waits_has_a_bounded_size_and_is_let_go_once_it_is_done(story: Story) -> None:
    lease = await story.joined()
    part = bytes(MOST_WAITING_BYTES // 4 - 1000)
    sound = agent_service_pb2.Command(output_audio=agent_service_pb2.OutputAudioCommand(data=part))

    async def play() -> CommandRecord:
        return (await story.store.add_command(story.project_id, lease.bot.id, sound, Wish.OUTPUT_AUDIO)).command

    first, *_ = [await play() for _ in range(4)]
    with pytest.raises(QuotaExceeded):
        await play()
    await story.store.finish_command(lease.bot.id, lease.epoch, agent_service_pb2.CommandResult(command_id=first.id, done=True))
    await play()


@pytest.mark.parametrize(
    ("wanted", "paused"), [(Wish.PAUSE_RECORDING, False), (Wish.RESUME_RECORDING, True), (Wish.OUTPUT_IMAGE, True)]
)
async def test_each_wish_has_its_states(story: Story, wanted: Wish, paused: bool) -> None:
    lease = await story.joined()
    if paused:
        await story.report(lease, moved("recording_paused"))
    await story.store.add_command(story.project_id, lease.bot.id, SAY, wanted)
    other = {Wish.PAUSE_RECORDING: Wish.RESUME_RECORDING}.get(wanted, Wish.PAUSE_RECORDING)
    with pytest.raises(IllegalTransition):
        await story.store.add_command(story.project_id, lease.bot.id, SAY, other)
