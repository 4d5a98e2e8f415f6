from __future__ import annotations

import pytest

from rollcall.v1 import bot_pb2, event_pb2
from server.domain.errors import LeaseLost, NotFound
from server.domain.state import BotState, RecordingState
from server.store import Task
from tests.unit.server.store.story import Report, Story, moved, numbered, recorded, remarked, seen


async def test_reports_that_come_twice_are_stored_once(story: Story) -> None:
    lease = await story.claimed()
    reports = numbered([moved("joined_meeting"), seen("u1"), remarked(), recorded("in_progress")])
    store = story.store
    assert await store.store_reports(lease.bot.id, lease.epoch, reports[:2]) == 2
    assert await store.store_reports(lease.bot.id, lease.epoch, reports) == 4
    assert await store.store_reports(lease.bot.id, lease.epoch, reports) == 4
    assert await store.store_reports(lease.bot.id, lease.epoch, []) == 4
    assert await story.told(lease.bot.id) == ["join_requested", "joined_meeting", "participant", "log", "recording"]


async def test_a_gap_is_not_jumped(story: Story) -> None:
    lease = await story.claimed()
    first, second, third = numbered([remarked("a"), remarked("b"), remarked("c")])
    assert await story.store.store_reports(lease.bot.id, lease.epoch, [first, third]) == 1
    assert await story.store.store_reports(lease.bot.id, lease.epoch, [second, third]) == 3
    assert [event.log.code for event in await story.events(lease.bot.id)] == ["", "a", "b", "c"]


async def test_an_old_epoch_is_refused_and_a_new_one_counts_from_one(story: Story) -> None:
    old = await story.joined()
    await story.store.release_lease(old.bot.id, old.epoch, hand_over=True)
    new = await story.store.claim_lease(old.bot.id, "worker-2")
    with pytest.raises(LeaseLost):
        await story.store.store_reports(old.bot.id, old.epoch, numbered([moved("joined_meeting")], 4))
    assert new.last_report_number == 0
    assert await story.store.store_reports(old.bot.id, new.epoch, numbered([moved("joined_meeting")])) == 1
    with pytest.raises(NotFound):
        await story.store.store_reports("bot_0000000000000000", 1, [])


async def test_a_transition_that_is_not_allowed_is_accepted_and_ignored(story: Story) -> None:
    lease = await story.joined()
    await story.store.request_leave(story.project_id, lease.bot.id)
    told = await story.told(lease.bot.id)
    assert await story.report(lease, moved("recording_paused"), Report(), moved("unspecified"), moved("data_deleted")) == 7
    assert await story.told(lease.bot.id) == told
    await story.report(lease, moved("left_meeting"))
    assert await story.state(lease.bot.id) == "post_processing"


async def test_an_agent_cannot_do_what_is_the_servers(story: Story) -> None:
    lease = await story.joined()
    await story.report(lease, moved("agent_lost"), moved("join_requested"), moved("staged"))
    assert await story.state(lease.bot.id) == "joined_recording"


async def test_a_reason_that_does_not_fit_becomes_the_one_that_says_least(story: Story) -> None:
    lease = await story.claimed()
    await story.report(lease, moved("could_not_join_meeting", "user_requested", detail="why"))
    assert (await story.told(lease.bot.id))[-1] == "could_not_join_meeting/unable_to_connect_to_meeting"
    assert (await story.events(lease.bot.id))[-1].state.detail == "why"


async def test_the_page_that_moved_a_bot_is_told_with_the_move(story: Story) -> None:
    lease = await story.claimed()
    report = moved("could_not_join_meeting", "meeting_not_found")
    report.transition.page.url, report.transition.page.text = "https://m/1", "No such meeting"
    await story.report(lease, report)
    first, *_, last = await story.events(lease.bot.id)
    assert (last.state.page.url, last.state.page.text) == ("https://m/1", "No such meeting")
    assert not first.state.HasField("page")


async def test_people_are_listed_once_with_what_is_newest_of_them(story: Story) -> None:
    lease = await story.joined()
    await story.report(
        lease,
        seen("u1", name="Ada", participant_user_uuid="user-1"),
        seen("u2", name="Bob\x00"),
        seen("u1", "update", name="Ada L.", participant_is_host=True, event_data={"name": "Ada L."}),
        seen("x" * 5000, name="y" * 5000),
        seen("", name="nobody"),
        seen("u2", "leave", name="Bob\x00"),
    )
    page = await story.store.list_participants(story.project_id, lease.bot.id)
    assert [(someone.name, someone.is_host) for someone in page.results[:2]] == [("Ada L.", True), ("Bob\ufffd", False)]
    assert len(page.results) == 3
    ada = page.results[0]
    assert (ada.uuid, ada.user_uuid) == ("u1", None)
    hosts = await story.store.list_participants(story.project_id, lease.bot.id, is_host=True)
    assert [someone.id for someone in hosts.results] == [ada.id]
    only = await story.store.list_participants(story.project_id, lease.bot.id, participant_id=ada.id)
    assert only.results == (ada,)
    events = await story.store.list_participant_events(story.project_id, lease.bot.id)
    assert [event.event_type for event in events.results] == [1, 1, 5, 1, 1, 2]
    assert all(event.id.startswith("pe_") for event in events.results)


@pytest.mark.parametrize("wanted", [True, False])
async def test_who_spoke_is_always_in_the_log_and_listed_where_asked_for(story: Story, wanted: bool) -> None:
    lease = await story.joined(record_speech_events=wanted)
    await story.report(lease, seen("u1", "speech_start"), seen("u1", "speech_stop"))
    assert (await story.told(lease.bot.id))[-2:] == ["speech", "speech"]
    page = await story.store.list_participant_events(story.project_id, lease.bot.id)
    assert len(page.results) == (2 if wanted else 0)


async def test_participant_events_are_found_by_when_they_happened(story: Story) -> None:
    lease = await story.joined()
    await story.report(
        lease, *(seen("u", "update", timestamp_ms=1000 * second) for second in (1, 2, 3)), seen("u", timestamp_ms=2**62)
    )
    store, bot_id = story.store, lease.bot.id
    after = await store.list_participant_events(story.project_id, bot_id, after_us=1_000_000)
    between = await store.list_participant_events(story.project_id, bot_id, after_us=1_000_000, before_us=3_000_000)
    assert [event.timestamp_ms for event in after.results] == [2000, 3000, 2**62]
    assert [event.timestamp_ms for event in between.results] == [2000]


async def test_chat_is_kept_unless_the_recording_is_paused(story: Story) -> None:
    def said(text: str) -> Report:
        return Report(chat=bot_pb2.ChatMessage(text=text, sender_name="Ada", timestamp_ms=1_500))

    for keeps, expected in ((False, ["one", "three"]), (True, ["one", "two", "three"])):
        lease = await story.joined(record_chat_when_paused=keeps)
        await story.report(lease, said("one"), moved("recording_paused"), said("two"), moved("recording_resumed"), said("three"))
        page = await story.store.list_chat_messages(story.project_id, lease.bot.id)
        assert [message.text for message in page.results] == expected
        assert all(message.id.startswith("msg_") and message.timestamp == 1 for message in page.results)
        now = story.clock.now_us()
        later = await story.store.list_chat_messages(story.project_id, lease.bot.id, updated_after_us=now)
        assert later.results == ()


async def test_an_utterance_keeps_its_id_while_it_grows(story: Story) -> None:
    lease = await story.joined()
    good = "utt_0123456789abcdef"
    for given in (good, good, "utt_../../etc/passwd", ""):
        await story.report(lease, Report(utterance=event_pb2.Utterance(id=given, transcript="hello")))
    ids = [event.utterance.id for event in await story.events(lease.bot.id) if event.HasField("utterance")]
    assert ids[:2] == [good, good]
    assert all(id_ != given and id_.startswith("utt_") for id_, given in zip(ids[2:], ("utt_../../etc/passwd", ""), strict=True))


async def test_a_recording_grows_by_its_reports(story: Story) -> None:
    lease = await story.claimed()
    await story.report(lease, moved("joined_meeting"), moved("recording_permission_granted"))
    nothing = await story.store.get_recording(story.project_id, lease.bot.id)
    assert (nothing.id, nothing.file_path, nothing.state) == ("", None, RecordingState.IN_PROGRESS)
    await story.report(lease, recorded("in_progress", start_timestamp_ms=1234))
    await story.report(lease, recorded("in_progress", start_timestamp_ms=9999, impaired=True, detail="black"))
    await story.report(lease, moved("meeting_ended"))
    await story.report(
        lease, recorded("complete", file_path="b/r.mp4", content_type="video/mp4", duration_ms=60_000, size_bytes=10**10)
    )
    await story.report(lease, recorded("in_progress"))  # a finished recording does not begin again
    found = await story.store.get_recording(story.project_id, lease.bot.id)
    assert found.id.startswith("rec_")
    assert (found.state, found.file_path, found.content_type) == (RecordingState.COMPLETE, "b/r.mp4", "video/mp4")
    assert (found.start_timestamp_ms, found.duration_ms, found.size_bytes, found.impaired) == (1234, 60_000, 10**10, True)
    changes = [event.recording for event in await story.events(lease.bot.id) if event.HasField("recording")]
    assert [change.impaired for change in changes] == [False, True, True, True]


async def test_silent_capture_marks_the_recording(story: Story) -> None:
    lease = await story.joined()
    healthy = Report(capture_health=event_pb2.CaptureHealth(condition=event_pb2.CAPTURE_CONDITION_OK))
    silent = Report(capture_health=event_pb2.CaptureHealth(condition=event_pb2.CAPTURE_CONDITION_SILENT))
    await story.report(lease, healthy)
    assert not (await story.store.get_bot(None, lease.bot.id)).recording_impaired
    await story.report(lease, silent, healthy)
    assert (await story.store.get_bot(None, lease.bot.id)).recording_impaired


async def test_an_agent_may_have_a_last_word_until_it_lets_go(story: Story) -> None:
    lease = await story.claimed()
    await story.report(lease, moved("could_not_join_meeting", "meeting_not_found"))
    assert not (await story.store.get_bot(None, lease.bot.id)).settled
    await story.report(lease, remarked("evidence"))
    assert (await story.store.release_lease(lease.bot.id, lease.epoch)).settled
    with pytest.raises(LeaseLost):
        await story.store.store_reports(lease.bot.id, lease.epoch, numbered([remarked()], 3))
    assert (await story.told(lease.bot.id))[-2:] == ["could_not_join_meeting/meeting_not_found", "log"]


async def test_an_attendance_to_its_end_tells_this_story(story: Story) -> None:
    lease = await story.claimed()
    await story.report(lease, moved("put_in_waiting_room"), moved("joined_meeting"), moved("recording_permission_granted"))
    await story.store.request_leave(story.project_id, lease.bot.id)
    await story.report(lease, moved("left_meeting"), recorded("complete", file_path="x"), moved("post_processing_completed"))
    bot = await story.store.release_lease(lease.bot.id, lease.epoch)
    assert bot.state is BotState.ENDED
    assert await story.told(bot.id) == [
        "join_requested",
        "put_in_waiting_room",
        "joined_meeting",
        "recording_permission_granted",
        "leave_requested/user_requested",
        "left_meeting",
        "recording",
        "post_processing_completed",
    ]
    assert bot.settled
    assert lease.task is Task.ATTEND
    assert bot.worker_id is None
