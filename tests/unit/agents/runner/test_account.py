"""Bots that sign in: with an account from the first, or where the meeting lets nobody else in."""

from __future__ import annotations

from agents.browser.api import Stored
from agents.platforms.base import UiState
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import bot_settings_pb2 as settings
from tests.unit.agents.runner.stage import Stage


def given(login_id: str) -> agent.LoginGiven:
    return agent.LoginGiven(
        login_id=login_id,
        name="a@example.com",
        state=agent.BrowserState(
            cookies=[
                agent.BrowserCookie(
                    name="SID",
                    value="s3cret",
                    domain=".example.com",
                    path="/",
                    expires_seconds=5,
                    same_site=agent.SAME_SITE_LAX,
                )
            ],
            origins=[agent.OriginStorage(origin="https://example.com", local_storage={"k": "v"}, session_storage={"t": "u"})],
        ),
    )


def start(stage: Stage, *logins: str, mode: settings.LoginMode.ValueType = settings.LOGIN_MODE_ALWAYS) -> None:
    stage.spec.platform = bot.PLATFORM_GOOGLE_MEET
    stage.spec.settings.google_meet_settings.use_login = True
    stage.spec.settings.google_meet_settings.login_mode = mode
    stage.start()
    stage.link.logins = [given(one) for one in logins]


async def test_a_bot_with_an_account_has_its_session_before_the_page_is_opened(stage: Stage) -> None:
    start(stage, "login_1")
    await stage.until_entered()
    (cookie,) = stage.page.cookies
    assert (cookie.name, cookie.value, cookie.domain, cookie.same_site) == ("SID", "s3cret", ".example.com", "Lax")
    assert stage.page.storage == {"https://example.com": Stored({"k": "v"}, {"t": "u"})}
    assert "signing_in" in stage.codes()
    assert b"s3cret" not in b"".join(report.SerializeToString() for report in stage.link.reports)


async def test_without_a_free_account_the_bot_does_not_join_and_says_what_to_do(stage: Stage) -> None:
    start(stage)
    await stage.end()
    assert stage.moves() == [("could_not_join_meeting", "bot_login_attempt_failed")]
    assert stage.last_detail() == "There is no account."
    assert stage.attendances[-1].entered == []
    assert len(stage.launcher.launched) == 1


async def test_an_account_that_is_refused_is_told_of_and_the_next_one_tried(stage: Stage) -> None:
    start(stage, "login_1", "login_2")
    await stage.until_entered()
    stage.show(UiState.LOGIN_REQUIRED)
    await stage.until_entered(2)
    assert stage.link.refused == ["login_1"]
    stage.show(UiState.NAME_ASKED)  # who is signed in is not asked for a name
    await stage.end()
    assert stage.link.refused == ["login_1", "login_2"]
    assert stage.moves() == [("could_not_join_meeting", "bot_login_attempt_failed")]
    assert all(browser.closed for _, browser in stage.launcher.launched)


async def test_a_guest_signs_in_only_where_the_meeting_asks_for_it(stage: Stage) -> None:
    start(stage, "login_1", mode=settings.LOGIN_MODE_ONLY_IF_REQUIRED)
    await stage.until_entered()
    assert stage.page.cookies == []
    stage.show(UiState.NAME_ASKED)
    stage.show(UiState.LOGIN_REQUIRED)
    await stage.until_entered(2)
    assert [browser.closed for _, browser in stage.launcher.launched] == [True, False]
    assert stage.page.cookies != []
    stage.show(UiState.IN_MEETING)
    await stage.until_move("joined_meeting")
    assert stage.link.refused == []


async def test_a_bot_that_may_not_sign_in_is_a_guest_to_whom_the_door_stays_shut(stage: Stage) -> None:
    stage.spec.platform = bot.PLATFORM_ZOOM
    stage.spec.settings.google_meet_settings.use_login = True
    stage.start()
    await stage.until_entered()
    stage.show(UiState.LOGIN_REQUIRED)
    await stage.end()
    assert stage.moves() == [("could_not_join_meeting", "login_required")]


async def test_a_server_that_takes_no_word_of_refusals_is_not_asked_for_ever(stage: Stage) -> None:
    start(stage, *["login_1"] * 20)
    for entered in range(1, 7):
        await stage.until_entered(entered)
        stage.show(UiState.LOGIN_REQUIRED)
    await stage.end()
    assert stage.link.refused == ["login_1"] * 5
    assert stage.moves() == [("could_not_join_meeting", "login_required")]
