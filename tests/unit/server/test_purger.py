"""Deleted data are gone: looked for as bytes in the database and in the media folder."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from rollcall.v1 import agent_service_pb2, bot_pb2, event_pb2
from rollcall.v1.bot_settings_pb2 import BotImage, BotSettings
from server.domain.errors import IllegalTransition, LeaseLost, NotFound
from server.domain.wishes import Wish
from server.purger import Purger
from server.store import Lease, Store, StoreConfig
from server.store.purges import ROUNDS_S
from server.store.tables import PERSONAL, belongings
from tests.unit.server.store.story import Report, Story, moved, opened, recorded, remarked, seen

SECRETS = ("Zebulon Quux", "perfectly secret words", "hush-hush chat", "picture-bytes-of-a-face", "uuid-of-zebulon")
PICTURE = BotSettings(bot_image=BotImage(data=SECRETS[3].encode()))
NOT_PERSONAL = {
    "event": "redacted",
    "data_purge": "numbers",
    "webhook": "an address of the owner's",
    "webhook_delivery": "numbers; what is sent is read from the log",
    "webhook_line": "numbers",
}
"""Tables of what belongs to a bot whose rows stay, and why."""


async def full_bot(story: Story) -> Lease:
    """A bot with something personal in every place, in its meeting."""
    lease = await story.joined(settings=PICTURE.SerializeToString())
    words = event_pb2.Utterance(transcript=SECRETS[1], speaker_name=SECRETS[0], final=True, speaker_uuid=SECRETS[4])
    chat = bot_pb2.ChatMessage(text=SECRETS[2], sender_name=SECRETS[0], sender_uuid=SECRETS[4])
    remark = event_pb2.LogEntry(code="note", message=f"{SECRETS[0]} waved", fields={"who": SECRETS[4]})
    await story.report(
        lease,
        seen(SECRETS[4], name=SECRETS[0]),
        seen(SECRETS[4], "speech_start", name=SECRETS[0]),
        Report(utterance=words),
        Report(chat=chat),
        Report(log=remark),
    )
    say = agent_service_pb2.Command(send_chat=agent_service_pb2.SendChatCommand(message=SECRETS[2], to_user_uuid=SECRETS[4]))
    wished = await story.store.add_command(story.project_id, lease.bot.id, say, Wish.SEND_CHAT_MESSAGE)
    result = agent_service_pb2.CommandResult(command_id=wished.command.id, detail=f"{SECRETS[0]} is not there")
    await story.store.finish_command(lease.bot.id, lease.epoch, result)
    await story.store.add_command(story.project_id, lease.bot.id, say, Wish.SEND_CHAT_MESSAGE)
    return lease


async def ended(story: Story, lease: Lease) -> None:
    file = {"file_path": f"{lease.bot.id}/recording.mp4", "content_type": "video/mp4"}
    detail = f"{SECRETS[0]} ended the meeting"
    await story.report(lease, moved("meeting_ended", detail=detail), recorded("complete", **file))
    await story.report(lease, moved("post_processing_completed"))


def media(folder: Path, lease: Lease) -> Path:
    own = folder / lease.bot.id
    for name in ("recording.mp4", "segments/e1-1.webm", "segments/e1-1.json", "debug/e1-1-stuck.txt"):
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text(SECRETS[1])
    return own


def found(database_url: str, folder: Path) -> list[str]:
    """Where any of the secrets stands: tables, files of the database, files of the media folder."""
    places = []
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):
                everything = repr(tuple(bytes(value) if isinstance(value, memoryview) else value for value in row))
                places += [f"{table}: {secret}" for secret in SECRETS if secret in everything]
    engine.dispose()
    files = [path for path in folder.rglob("*") if path.is_file()]
    if database_url.startswith("sqlite:///"):
        path = Path(database_url.removeprefix("sqlite:///"))
        files += list(path.parent.glob(f"{path.name}*"))
    return places + [f"{path}: {secret}" for path in files for secret in SECRETS if secret.encode() in path.read_bytes()]


async def test_every_byte_that_is_personal_goes(story: Story, database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    other = await full_bot(story)
    theirs = media(folder, other)
    await _delete(story, other, folder)
    lease = await full_bot(story)
    own = media(folder, lease)
    await ended(story, lease)
    assert len(found(database_url, folder)) > 15
    before = await story.events(lease.bot.id)
    bot = await story.store.purges.delete_data(story.project_id, lease.bot.id)
    assert bot.state == "data_deleted"
    await Purger(story.store, folder).purge(bot.id)
    assert found(database_url, folder) == []
    assert not own.exists()
    assert not theirs.exists()
    after = await story.events(lease.bot.id)
    assert [event.sequence for event in after] == list(range(1, len(before) + 2))
    assert [event.kind for event in after[:-1]] == [event.kind for event in before]
    assert [event.id for event in after[:-1]] == [event.id for event in before]
    assert all(event.redacted for event in after)
    assert await story.store.read_transcript(story.project_id, bot.id) == []
    for page in (
        await story.store.list_participants(story.project_id, bot.id),
        await story.store.list_participant_events(story.project_id, bot.id),
        await story.store.list_chat_messages(story.project_id, bot.id),
    ):
        assert page.results == ()
    assert (await story.store.get_recording(None, bot.id)).file_path is None


async def _delete(story: Story, lease: Lease, folder: Path) -> None:
    await ended(story, lease)
    await story.store.purges.delete_data(story.project_id, lease.bot.id)
    await Purger(story.store, folder).purge(lease.bot.id)


async def test_what_a_killed_server_did_not_finish_the_next_one_does(story: Story, database_url: str, tmp_path: Path) -> None:
    """The transaction is all that was done: what kill -9 leaves right after it."""
    lease = await full_bot(story)
    media(tmp_path / "media", lease)
    await ended(story, lease)
    await story.store.purges.delete_data(story.project_id, lease.bot.id)
    assert found(database_url, tmp_path / "media") != []
    await Purger(story.store, tmp_path / "media").sweep()
    assert found(database_url, tmp_path / "media") == []


KILLED = """
import asyncio, os, signal, sys
from server.store import Store, StoreConfig

async def main():
    store = await Store.open(StoreConfig(sys.argv[1]))
    await store.purges.delete_data(sys.argv[2], sys.argv[3])
    for _ in range(int(sys.argv[4])):
        await store.purges.redact(sys.argv[3])
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.parametrize("steps", [0, 1])
async def test_a_server_killed_in_the_midst_of_it_leaves_nothing_behind(database_url: str, tmp_path: Path, steps: int) -> None:
    folder = tmp_path / "media"
    async with opened(database_url) as story:
        lease = await full_bot(story)
        await story.report(lease, *(Report(chat=bot_pb2.ChatMessage(text=SECRETS[2])) for _ in range(600)))
        media(folder, lease)
        await ended(story, lease)
    words = (database_url, story.project_id, lease.bot.id, str(steps))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, *words, cwd=Path.cwd())
    assert await process.wait() == -signal.SIGKILL
    assert found(database_url, folder) != []
    store = await Store.open(StoreConfig(database_url))
    try:
        assert (await store.get_bot(None, lease.bot.id)).state == "data_deleted"
        await Purger(store, folder).sweep()
    finally:
        await store.close()
    assert found(database_url, folder) == []


async def test_a_long_log_is_redacted_in_pieces_and_goes_on_where_it_stopped(story: Story, tmp_path: Path) -> None:
    lease = await story.joined()
    for _ in range(6):
        await story.report(lease, *(remarked() for _ in range(200)))
    await story.report(lease, moved("meeting_ended"), recorded("complete"), moved("post_processing_completed"))
    await story.store.purges.delete_data(story.project_id, lease.bot.id)
    assert await story.store.purges.redact(lease.bot.id)
    done = [event.redacted for event in await story.events(lease.bot.id)]
    assert done == sorted(done, reverse=True)
    assert 0 < done.count(True) < len(done)
    await Purger(story.store, tmp_path).sweep()
    assert all(event.redacted for event in await story.events(lease.bot.id))


async def test_what_a_worker_that_was_cut_off_writes_later_goes_too(story: Story, tmp_path: Path) -> None:
    lease = await story.joined()
    await story.report(lease, moved("meeting_ended"), recorded("complete"), moved("post_processing_completed"))
    await story.store.purges.delete_data(story.project_id, lease.bot.id)
    purger = Purger(story.store, tmp_path)
    await purger.purge(lease.bot.id)
    for wait_s in ROUNDS_S[1:]:
        own = media(tmp_path, lease)
        await purger.sweep()
        assert own.exists(), "it is not time yet"
        story.clock.advance(wait_s)
        await purger.sweep()
        assert not own.exists()
    story.clock.advance(1_000_000)
    assert await story.store.purges.due() == []


async def test_a_folder_that_cannot_be_deleted_is_tried_again(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = await story.joined()
    own = media(tmp_path, lease)
    await story.report(lease, moved("meeting_ended"), recorded("complete"), moved("post_processing_completed"))
    await story.store.purges.delete_data(story.project_id, lease.bot.id)
    purger = Purger(story.store, tmp_path)

    def busy(_: Path) -> None:
        raise OSError(16, "Device or resource busy")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", busy)
        await purger.purge(lease.bot.id)
    assert own.exists()
    story.clock.advance(10)
    await purger.sweep()
    assert not own.exists()


async def test_a_bot_that_cannot_be_purged_keeps_no_other_waiting(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases = [await story.joined() for _ in range(3)]
    for lease in leases:
        await story.report(lease, moved("meeting_ended"), recorded("complete"), moved("post_processing_completed"))
        await story.store.purges.delete_data(story.project_id, lease.bot.id)
    redact, bad = story.store.purges.redact, leases[0].bot.id

    async def fails(bot_id: str) -> bool:
        if bot_id == bad:
            raise ZeroDivisionError
        return await redact(bot_id)

    purger = Purger(story.store, tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(story.store.purges, "redact", fails)
        await purger.sweep()
    done = [all(event.redacted for event in await story.events(lease.bot.id)) for lease in leases]
    assert done == [False, True, True]
    assert await story.store.purges.due() == []
    story.clock.advance(10)
    await purger.sweep()
    assert all(event.redacted for event in await story.events(bad))


async def test_an_agent_that_still_has_the_bot_can_tell_nothing_more(story: Story) -> None:
    lease = await full_bot(story)
    await ended(story, lease)
    await story.store.purges.delete_data(story.project_id, lease.bot.id)
    with pytest.raises(LeaseLost):
        await story.report(lease, seen("late", name=SECRETS[0]))
    with pytest.raises(LeaseLost):
        await story.store.renew_lease(lease.bot.id, lease.epoch)


async def test_a_recording_that_was_still_open_has_failed(story: Story) -> None:
    lease = await story.joined()
    await story.report(lease, moved("fatal_error", "internal_error"))
    bot = await story.store.purges.delete_data(story.project_id, lease.bot.id)
    assert (bot.state, bot.recording_state, bot.wants_worker) == ("data_deleted", "failed", False)
    assert (await story.store.sweep()) == []


async def test_only_a_bot_that_has_ended_is_emptied(story: Story) -> None:
    lease = await story.joined()
    with pytest.raises(IllegalTransition, match="only once it has ended") as caught:
        await story.store.purges.delete_data(story.project_id, lease.bot.id)
    assert caught.value.allowed == ("ended", "fatal_error")
    with pytest.raises(NotFound):
        await story.store.purges.delete_data("proj_other", lease.bot.id)


async def test_a_transcript_goes_from_the_log_too_and_what_is_said_later_stays(story: Story, tmp_path: Path) -> None:
    lease = await full_bot(story)
    await story.store.purges.delete_transcript(story.project_id, lease.bot.id)
    await Purger(story.store, tmp_path).purge(lease.bot.id)
    later = event_pb2.Utterance(transcript="later", final=True)
    await story.report(lease, Report(utterance=later))
    said = await story.store.read_transcript(story.project_id, lease.bot.id)
    assert [one.transcript for one in said] == ["later"]
    events = await story.events(lease.bot.id)
    assert [event.utterance.transcript for event in events if event.HasField("utterance")] == ["", "later"]
    assert [event.redacted for event in events].count(True) == 1
    assert any(event.chat.text == SECRETS[2] for event in events)
    assert await story.store.purges.due() == []


def test_of_every_table_it_is_decided_whether_its_rows_go_with_the_data() -> None:
    gone = {table.name for table in PERSONAL}
    assert {table.name for table in belongings()} - gone <= NOT_PERSONAL.keys()
    assert gone.isdisjoint(NOT_PERSONAL)
