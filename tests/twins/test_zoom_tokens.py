"""Bots that come to Zoom with tokens of their owner's, made by REST with a real link: they reach the page, and nothing else."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.meetings.service import Event, Service
from tests.receiver import Receiver, receiver
from tests.twins.attending import Meeting, Twins, moves, until
from tests.twins.plays import in_short

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150), pytest.mark.asyncio(loop_scope="session")]
TOKENS = {"zak_token": "zak-s3cret.x/y=", "join_token": "tk-s3cret", "app_privilege_token": "privilege-s3cret"}


@pytest_asyncio.fixture(loop_scope="session")
async def callback(callbacks: tuple[ssl.SSLContext, Path]) -> AsyncIterator[Receiver]:
    async with receiver(callbacks[0]) as one:
        yield one


async def send(service: Service, meeting: Meeting, callback: Receiver) -> str:
    bot = await service.rest(
        "POST",
        "/api/v1/bots",
        meeting_url=meeting.url,
        bot_name="Rollcall",
        recording_settings={"format": "none"},
        debug_settings={"create_debug_recording": True},
        callback_settings={"zoom_tokens_url": f"{callback.url}/zoom-tokens"},
    )
    return str(bot["id"])


async def log_with(service: Service, bot: str, move: str) -> list[Event]:
    """The bot's log once it has that move."""

    async def there() -> list[Event]:
        log = await service.log(bot)
        return log if any(one.startswith(move) for one in moves(log)) else []

    try:
        return await until(there, within_s=60)
    except TimeoutError:
        raise AssertionError(in_short(await service.log(bot)) + service.printed()) from None


def loads(seen: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["zak"], one["tk"]) for one in seen if one["what"] == "load" and one["page"] == "page"]


async def test_the_tokens_reach_zooms_page_and_nothing_of_them_is_kept(
    service: Service, twins: Twins, callback: Receiver
) -> None:
    callback.answer = lambda _: json.dumps(TOKENS).encode()
    meeting = await twins.set_up("zoom", "failing load")
    bot = await send(service, meeting, callback)
    await log_with(service, bot, "joined_meeting")
    await service.rest("POST", f"/api/v1/bots/{bot}/leave")
    log = await log_with(service, bot, "post_processing_completed")
    both = (TOKENS["zak_token"], TOKENS["join_token"])
    assert loads(await meeting.seen()) == [both, both], in_short(log)
    assert [one.payload["callback_type"] for one in callback.received] == ["zoom_tokens"] * 2, "each try has tokens of its own"
    assert callback.received[0].payload["bot_id"] == bot
    kept = [path for path in (service.folder / "data" / "media" / bot).rglob("*") if path.is_file()]
    assert any(path.suffix == ".url" for path in kept)
    texts = [json.dumps(log), (service.folder / "service.log").read_text(errors="replace")]
    texts += [path.read_bytes().decode(errors="replace") for path in kept]
    assert not any("s3cret" in text for text in texts)


async def test_a_callback_that_fails_is_told_and_zoom_is_not_visited(service: Service, twins: Twins, callback: Receiver) -> None:
    callback.answer = lambda _: 500
    meeting = await twins.set_up("zoom", "normal")
    log = await log_with(service, await send(service, meeting, callback), "could_not")
    assert moves(log)[-1] == "could_not_join_meeting/zoom_authorization_failed"
    detail = next(event["state"]["detail"] for event in log if "zoom_authorization" in str(event.get("state")))
    assert "It answered 500" in detail
    assert "send the bot again" in detail
    assert await meeting.seen() == []
    assert len(callback.received) == 1
