from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import create_engine, func, select

from rollcall.v1 import bot_settings_pb2
from rollcall.v1.bot_settings_pb2 import BotImage, BotSettings, DebugSettings, RecordingSettings
from server.domain.errors import DuplicateKey, IllegalTransition, NotFound
from server.store import BotChange, BotRecord
from server.store.tables import BOT, belongings
from tests.unit.server.store.story import WORKER, Story

HOUR_US = 3_600_000_000


async def scheduled(story: Story, **more: object) -> BotRecord:
    return await story.bot(join_at_us=story.clock.now_us() + HOUR_US, **more)


async def change(story: Story, bot: BotRecord, **fields: object) -> BotRecord:
    only = tuple(name for name in fields if name != "metadata")
    return await story.store.update_bot(story.project_id, bot.id, BotChange(**fields, only_scheduled=only))  # type: ignore[arg-type]


async def test_a_scheduled_bot_changes_whole(story: Story) -> None:
    bot = await scheduled(story, metadata={"old": "1"})
    changed = await change(
        story,
        bot,
        metadata={"new": "2"},
        bot_name="Other",
        meeting=("https://other.example/x", 6, "other"),
        join_at_us=bot.created_us + 2 * HOUR_US,
    )
    assert changed == await story.store.get_bot(None, bot.id)
    assert (changed.metadata_json, changed.bot_name, changed.meeting_url) == ('{"new":"2"}', "Other", "https://other.example/x")
    assert (changed.platform, changed.platform_name, changed.join_at_us) == (6, "other", bot.created_us + 2 * HOUR_US)


async def test_a_bot_that_is_put_off_joins_at_its_new_time(story: Story) -> None:
    bot = await scheduled(story)
    await change(story, bot, join_at_us=bot.created_us + 3 * HOUR_US)
    story.clock.advance(3600)
    assert await story.store.sweep() == []
    assert await story.state(bot.id) == "scheduled"
    story.clock.advance(7200)
    await story.store.sweep()
    assert await story.state(bot.id) == "joining"


async def test_a_bot_that_is_brought_forward_joins_at_its_new_time(story: Story) -> None:
    bot = await scheduled(story)
    await change(story, bot, join_at_us=bot.created_us + 120_000_000)
    story.clock.advance(120)
    await story.store.sweep()
    assert await story.state(bot.id) == "joining"


async def test_settings_that_are_given_replace_the_old_and_the_others_stay(story: Story) -> None:
    old = BotSettings(
        bot_image=BotImage(type=bot_settings_pb2.IMAGE_TYPE_PNG, data=b"old picture"),
        recording_settings=RecordingSettings(resolution=bot_settings_pb2.RECORDING_RESOLUTION_720P),
        debug_settings=DebugSettings(create_debug_recording=True),
    )
    bot = await scheduled(story, settings=old.SerializeToString())
    recording = RecordingSettings(
        format=bot_settings_pb2.RECORDING_FORMAT_MP3,
        record_chat_messages_when_paused=True,
        record_participant_speech_start_stop_events=True,
    )
    await change(story, bot, settings=BotSettings(recording_settings=recording).SerializeToString())
    await change(story, bot, join_at_us=story.clock.now_us())
    await story.store.sweep()
    lease = await story.store.claim_lease(bot.id, WORKER)
    settings = BotSettings.FromString(lease.settings)
    assert settings.recording_settings == recording
    assert (settings.bot_image, settings.debug_settings) == (old.bot_image, old.debug_settings)


@pytest.mark.parametrize("field", [{"bot_name": "x"}, {"join_at_us": 5}, {"settings": b""}])
async def test_once_it_is_no_longer_scheduled_only_metadata_changes(story: Story, field: dict[str, object]) -> None:
    bot = await story.bot()
    with pytest.raises(IllegalTransition, match="possible only while it is scheduled") as caught:
        await change(story, bot, metadata={"a": "b"}, **field)
    assert caught.value.allowed == ("scheduled",)
    assert (await story.store.get_bot(None, bot.id)) == bot
    assert (await change(story, bot, metadata={"a": "b"})).metadata_json == '{"a":"b"}'


async def test_a_change_and_a_deletion_need_the_own_project(story: Story) -> None:
    bot = await scheduled(story)
    with pytest.raises(NotFound):
        await story.store.update_bot("proj_other", bot.id, BotChange(metadata={"a": "b"}))
    with pytest.raises(NotFound):
        await story.store.delete_bot("proj_other", bot.id)
    assert (await story.store.get_bot(None, bot.id)) == bot


async def test_a_deleted_bot_is_gone_with_all_that_belongs_to_it(story: Story, database_url: str) -> None:
    settings = BotSettings(debug_settings=DebugSettings(create_debug_recording=True)).SerializeToString()
    bot = await scheduled(story, settings=settings, deduplication_key="one")
    with pytest.raises(DuplicateKey):
        await scheduled(story, deduplication_key="one")
    await story.store.delete_bot(story.project_id, bot.id)
    with pytest.raises(NotFound):
        await story.store.get_bot(None, bot.id)
    with pytest.raises(NotFound):
        await story.store.delete_bot(story.project_id, bot.id)
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        for table in belongings():
            assert connection.execute(select(func.count()).where(table.c.bot_id == bot.id)).scalar_one() == 0, table.name
        assert connection.execute(select(func.count()).where(BOT.c.id == bot.id)).scalar_one() == 0
    engine.dispose()
    story.clock.advance(7200)
    assert await story.store.sweep() == []
    await scheduled(story, deduplication_key="one")


async def test_a_bot_on_its_way_cannot_be_deleted(story: Story) -> None:
    bot = await story.bot()
    with pytest.raises(IllegalTransition, match="Bot is in state joining and cannot be deleted"):
        await story.store.delete_bot(story.project_id, bot.id)


async def test_of_a_deletion_and_a_start_at_the_same_moment_one_wins(story: Story) -> None:
    bots = [await scheduled(story) for _ in range(20)]
    story.clock.advance(3600)
    deleting = [story.store.delete_bot(story.project_id, bot.id) for bot in bots]
    half = len(deleting) // 2
    *_, swept = await asyncio.gather(
        *deleting[:half], story.store.sweep(), *deleting[half:], story.store.list_bots(story.project_id), return_exceptions=True
    )
    assert not isinstance(swept, BaseException)
    left = (await story.store.list_bots(story.project_id)).results
    assert all(bot.state == "joining" for bot in left)
    # Those before the sweep are gone, whichever batch they were in; of the others each is gone or on its way.
    assert {bot.id for bot in left} <= {bot.id for bot in bots[half:]}
