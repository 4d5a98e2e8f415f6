"""Bots that sign in at Teams: with the login's cookie, and with the tokens that the client had stored for its own origin."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from tests.meetings.service import Service
from tests.twins.accounts import LOGIN_HOSTS, OVER, TOKEN, cookie_of
from tests.twins.attending import Twins, moves
from tests.twins.signed_in import FAILED, log_with, names_in, remarks, send

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="session")]
CLIENT = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346"
WORK, LIFE = "https://teams.microsoft.com", "https://teams.live.com"
WORK_LOGIN, LIFE_LOGIN = "login.microsoftonline.com", "login.live.com"


def cookie(host: str, account: str) -> dict[str, Any]:
    """A session at Microsoft's login."""
    return {"name": LOGIN_HOSTS[host], "value": cookie_of(account), "domain": host, "path": "/", "secure": True, "httpOnly": True}


def tokens(account: str, *, seconds_left: int) -> list[dict[str, str]]:
    """What the client had stored of an account."""
    key = f"{account}-accesstoken"
    stored: dict[str, Any] = {
        "msal.account.keys": [account],
        account: {"name": account},
        f"msal.token.keys.{CLIENT}": {"accessToken": [key]},
        key: {"secret": TOKEN + account, "expiresOn": str(int(time.time()) + seconds_left)},
    }
    return [{"name": name, "value": json.dumps(value)} for name, value in stored.items()]


async def add_account(service: Service, group: str, *cookies: dict[str, Any], origin: str = WORK, **kept: Any) -> str:
    """An account with such a session; `kept`: localStorage or sessionStorage of the client's origin."""
    state = json.dumps({"cookies": cookies, "origins": [{"origin": origin, **kept}]})
    login = await service.rest(
        "POST", "/api/v1/logins", platform="teams", group_name=group, name=f"{group}@example.com", state=state
    )
    return str(login["id"])


async def leave(service: Service, *bots: str) -> None:
    for bot in bots:
        await service.rest("POST", f"/api/v1/bots/{bot}/leave")
    await asyncio.gather(*(log_with(service, bot, "post_processing_completed") for bot in bots))


async def test_accounts_of_two_groups_are_in_and_none_is_in_two_meetings(service: Service, twins: Twins) -> None:
    """One's token is over, so that its client passes through the login; the other's is the tab's own, on teams.live.com."""
    work, life = "Rita Work", "Leo Life"
    login = await add_account(service, "work", cookie(WORK_LOGIN, work), localStorage=tokens(work, seconds_left=-60))
    await add_account(service, "life", cookie(LIFE_LOGIN, life), origin=LIFE, sessionStorage=tokens(life, seconds_left=3600))
    at_work = await twins.set_up("teams", "signed-in only")
    at_home = await twins.set_up("teams", "signed-in only", live=True, variant="b")
    bots = [await send(service, at_work, "work"), await send(service, at_home, "life")]
    logs = await asyncio.gather(*(log_with(service, bot, "joined_meeting") for bot in bots))
    assert work in await names_in(at_work)
    assert life in await names_in(at_home)
    passed = [[one["what"] for one in await meeting.seen()].count("passed the login") for meeting in (at_work, at_home)]
    assert passed == [1, 0]
    assert (await service.rest("GET", f"/api/v1/logins/{login}"))["bot_id"] == bots[0]

    second = await log_with(service, await send(service, await twins.set_up("teams", "normal"), "work"), "could_not")
    assert moves(second)[-1] == FAILED
    assert "rollcall logins add" in next(event["state"]["detail"] for event in second if "bot_login" in str(event.get("state")))

    await leave(service, *bots)
    assert (await service.rest("GET", f"/api/v1/logins/{login}"))["bot_id"] is None
    for bot, account in zip(bots, (work, life), strict=True):
        log = await service.log(bot)
        assert "signing_in" in remarks(log)
        assert account not in [event["participant"]["participant_name"] for event in log if event.get("participant")]
        assert TOKEN not in json.dumps(log)
    assert all(word not in service.printed() for word in (work, life, TOKEN, cookie_of(work)))
    assert all("login_refused" not in remarks(log) for log in logs)


async def test_a_guest_takes_an_account_only_where_the_meeting_asks_for_one(service: Service, twins: Twins) -> None:
    account = "Rita Required"
    await add_account(service, "required", cookie(WORK_LOGIN, account), localStorage=tokens(account, seconds_left=3600))
    free, closed = await twins.set_up("teams", "normal"), await twins.set_up("teams", "signed-in only")
    wish = {"login_mode": "only_if_required"}
    bots = [await send(service, meeting, "required", **wish) for meeting in (free, closed)]
    guest, member = await asyncio.gather(*(log_with(service, bot, "joined_meeting") for bot in bots))
    assert not {"login_required", "signing_in"} & set(remarks(guest))
    assert "Rollcall" in await names_in(free)
    assert [code for code in remarks(member) if code in {"login_required", "signing_in"}] == ["login_required", "signing_in"]
    assert (await names_in(closed)).count(account) == 1
    assert "Rollcall" not in await names_in(closed)
    await leave(service, *bots)


async def test_a_session_that_is_over_is_told_and_taken_again_once_it_is_renewed(service: Service, twins: Twins) -> None:
    account = "Rita Over"
    kept = {"localStorage": tokens(account, seconds_left=-60)}
    login = await add_account(service, "over", cookie(WORK_LOGIN, OVER), **kept)
    meeting = await twins.set_up("teams", "normal")
    log = await log_with(service, await send(service, meeting, "over"), "could_not")
    assert moves(log)[-1] == FAILED
    assert "login_refused" in remarks(log)
    assert "rollcall logins renew" in next(event["state"]["detail"] for event in log if "bot_login" in str(event.get("state")))
    state = json.dumps({"cookies": [cookie(WORK_LOGIN, account)], "origins": [{"origin": WORK, **kept}]})
    assert (await service.rest("POST", f"/api/v1/logins/{login}/renew", state=state))["problem"] is None
    bot = await send(service, meeting, "over")
    await log_with(service, bot, "joined_meeting")
    assert account in await names_in(meeting)
    await leave(service, bot)
