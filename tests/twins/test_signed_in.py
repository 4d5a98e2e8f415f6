"""Bots that sign in, made by REST with a real link: the account's session is in the browser before the page, and only there."""

from __future__ import annotations

import json

import pytest

from tests.meetings.service import Service
from tests.twins.attending import Twins, moves
from tests.twins.signed_in import FAILED, log_with, names_in, remarks, send

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150), pytest.mark.asyncio(loop_scope="session")]
ACCOUNT = "Rita Rollcall"
SECRET = "Rita%20Rollcall"


async def add_account(service: Service, group: str, cookie: str = SECRET) -> str:
    """An account whose session is this cookie."""
    cookies = [{"name": "SID", "value": cookie, "domain": ".google.com", "path": "/", "secure": True, "httpOnly": True}]
    body = {
        "platform": "google_meet",
        "group_name": group,
        "name": f"{group}@example.com",
        "state": json.dumps({"cookies": cookies}),
    }
    login = await service.rest("POST", "/api/v1/logins", **body)
    return str(login["id"])


async def test_a_bot_with_an_account_is_in_where_only_those_who_are_signed_in_may_be(service: Service, twins: Twins) -> None:
    login = await add_account(service, "always")
    meeting = await twins.set_up("google_meet", "signed-in only")
    bot = await send(service, meeting, "always")
    log = await log_with(service, bot, "joined_meeting")
    assert ACCOUNT in await names_in(meeting)
    assert (await service.rest("GET", f"/api/v1/logins/{login}"))["bot_id"] == bot
    other = await twins.set_up("google_meet", "normal")
    second = await log_with(service, await send(service, other, "always"), "could_not")
    assert moves(second)[-1] == FAILED
    await service.rest("POST", f"/api/v1/bots/{bot}/leave")
    log = await log_with(service, bot, "post_processing_completed")
    assert (await service.rest("GET", f"/api/v1/logins/{login}"))["bot_id"] is None
    assert "signing_in" in remarks(log)
    assert ACCOUNT not in [event["participant"]["participant_name"] for event in log if event.get("participant")]
    assert SECRET not in json.dumps(log)
    assert SECRET not in service.printed()


async def test_a_guest_signs_in_where_the_meeting_asks_for_it_and_leaves_no_second_guest(service: Service, twins: Twins) -> None:
    await add_account(service, "required")
    meeting = await twins.set_up("google_meet", "signed-in only")
    bot = await send(service, meeting, "required", login_mode="only_if_required")
    log = await log_with(service, bot, "joined_meeting")
    assert [code for code in remarks(log) if code in {"login_required", "signing_in"}] == ["login_required", "signing_in"]
    assert (await names_in(meeting)).count(ACCOUNT) == 1
    assert "Rollcall" not in await names_in(meeting)
    await service.rest("POST", f"/api/v1/bots/{bot}/leave")
    await log_with(service, bot, "post_processing_completed")


async def test_a_session_that_is_over_is_told_and_not_tried_again(service: Service, twins: Twins) -> None:
    login = await add_account(service, "over", "expired")
    meeting = await twins.set_up("google_meet", "signed-in only")
    log = await log_with(service, await send(service, meeting, "over"), "could_not")
    assert moves(log)[-1] == FAILED
    assert "login_refused" in remarks(log)
    assert "rollcall logins renew" in next(event["state"]["detail"] for event in log if "bot_login" in str(event.get("state")))
    assert (await service.rest("GET", f"/api/v1/logins/{login}"))["problem"]
    again = await log_with(service, await send(service, meeting, "over"), "could_not")
    assert moves(again)[-1] == FAILED
    assert "login_refused" not in remarks(again)
