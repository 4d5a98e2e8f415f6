"""Bots that may sign in, and what is told of them: for the tests of each platform's accounts."""

from __future__ import annotations

from typing import Any

from tests.meetings.service import Service
from tests.twins.attending import Meeting, moves, until
from tests.twins.plays import in_short

FAILED = "could_not_join_meeting/bot_login_attempt_failed"


async def send(service: Service, meeting: Meeting, group: str, **more: Any) -> str:
    """A bot that may sign in."""
    wanted = {"use_login": True, "login_group_name": group, **more}
    bot = await service.rest(
        "POST",
        "/api/v1/bots",
        meeting_url=meeting.url,
        bot_name="Rollcall",
        recording_settings={"format": "none"},
        **{f"{meeting.platform}_settings": wanted},
    )
    return str(bot["id"])


async def log_with(service: Service, bot: str, move: str) -> list[dict[str, Any]]:
    """The bot's log once it has that move."""

    async def there() -> list[dict[str, Any]]:
        log = await service.log(bot)
        return log if any(one.startswith(move) for one in moves(log)) else []

    try:
        return await until(there, within_s=60)
    except TimeoutError:
        raise AssertionError(in_short(await service.log(bot))) from None


def remarks(log: list[dict[str, Any]]) -> list[str]:
    return [event["log"]["code"] for event in log if event.get("log")]


async def names_in(meeting: Meeting) -> list[str]:
    return [person["name"] for person in (await meeting.state())["people"] if person["place"] == "meeting"]
