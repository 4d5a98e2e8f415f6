"""Sessions of accounts: opened for the agent that asks, and sealed anew when the keys change."""

from __future__ import annotations

import secrets

from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2
from server.domain.ids import new_id
from server.logins import LoginDesk, owner_of
from server.sealing import Sealer
from tests.unit.server.store.story import Story

STATE = agent.BrowserState(cookies=[agent.BrowserCookie(name="SID", value="s3cret")])


async def added(story: Story, sealer: Sealer) -> str:
    login_id = new_id("login")
    sealed = sealer.seal(STATE.SerializeToString(), owner_of(login_id))
    await story.store.logins.create(
        login_id, story.project_id, bot_pb2.PLATFORM_REHEARSAL, "", login_id, sealed=sealed, expires_us=None
    )
    return login_id


async def test_sessions_are_sealed_anew_with_the_first_key(story: Story) -> None:
    old, new = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    login_id = await added(story, Sealer([old]))
    assert await LoginDesk(story.store.logins, Sealer([old])).reseal() == 0
    assert await LoginDesk(story.store.logins, Sealer([new, old])).reseal() == 1
    given = await LoginDesk(story.store.logins, Sealer([new])).give(await story.claimed())
    assert (given.login_id, given.state) == (login_id, STATE)


async def test_an_account_that_no_key_opens_is_passed_over_and_marked(story: Story) -> None:
    gone, key = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    lost = await added(story, Sealer([gone]))
    desk = LoginDesk(story.store.logins, Sealer([key]))
    assert await desk.reseal() == 0
    lease = await story.claimed()
    assert "rollcall logins renew" in (await desk.give(lease)).problem
    problem = (await story.store.logins.get(story.project_id, lost)).problem
    assert problem is not None
    assert "sealing key has changed" in problem
    fine = await added(story, Sealer([key]))
    assert (await desk.give(lease)).login_id == fine
