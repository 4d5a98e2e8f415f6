from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from agents.browser.api import Page
from agents.browser.session import ChromiumBrowser
from agents.people import RehearsalVenue
from agents.people.script import PersonScript
from agents.people.synthetic_media import SyntheticMedia, synthetic_media_script
from agents.platforms.base import JoinRequest, UiState
from agents.platforms.file_reader import load
from agents.platforms.registry import BUILT_IN
from tests.browser.platforms.attending import Attending

pytestmark = pytest.mark.browser

FILE = BUILT_IN / "rehearsal" / "platform.toml"
VISIBLE_SECONDS = 3.0


@pytest.fixture
async def bot(page: Page) -> AsyncIterator[Attending]:
    attending = Attending(load(Path(FILE)))
    await attending.prepare(page)
    yield attending
    await attending.attendance.leave()


async def person(browser: ChromiumBrowser, url: str, name: str, *, host: bool = False) -> Page:
    page = await browser.new_page()
    await page.add_script(synthetic_media_script(SyntheticMedia(name)))
    await RehearsalVenue().enter(page, url, PersonScript(name, host=host))
    return page


async def control(url: str, **call: object) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{url}/control", json=call)
        assert answer.is_success, answer.text


async def test_it_joins_under_its_name_and_knows_itself(bot: Attending, rehearsal: str) -> None:
    await bot.enter(rehearsal, "The bot")
    await bot.until(lambda: bot.names == {"The bot"})
    assert bot.people[0].is_self
    assert bot.states[-1] is UiState.IN_MEETING
    assert UiState.LOBBY not in bot.states


async def test_before_its_time_it_stands_at_the_door_and_nobody_sees_it(bot: Attending, rehearsal: str) -> None:
    time_has_come = asyncio.Event()

    async def door() -> None:
        await time_has_come.wait()

    entering = asyncio.create_task(bot.attendance.enter(JoinRequest(rehearsal, "The bot", door=door)))
    await bot.until_state(UiState.PRE_JOIN)
    async with httpx.AsyncClient(trust_env=False) as client:
        people = (await client.get(f"{rehearsal}/control")).json()["people"]
    assert [one for one in people if one["name"] == "The bot" or one["place"] == "meeting"] == []
    time_has_come.set()
    await entering
    await bot.until(lambda: bot.names == {"The bot"})


async def test_it_sees_people_come_speak_chat_and_go(bot: Attending, rehearsal: str, browser: ChromiumBrowser) -> None:
    ada = await person(browser, rehearsal, "Ada", host=True)
    await bot.enter(rehearsal)
    await bot.until(lambda: bot.others == {"Ada"})
    uuid = next(one.uuid for one in bot.people if one.name == "Ada")
    assert next(one for one in bot.people if one.name == "Ada").is_host
    await RehearsalVenue().chat(ada, "hello there", None)
    await bot.until(lambda: [one.text for one in bot.chat] == ["hello there"])
    assert (bot.chat[0].sender_name, bot.chat[0].sender_uuid, bot.chat[0].is_self) == ("Ada", uuid, False)
    await ada.evaluate("() => rollcallPerson.beeps(Date.now(), 0.4)")
    await bot.until(lambda: (uuid, True) in bot.speaking)
    await RehearsalVenue().leave(ada)
    await bot.until(lambda: not bot.others)


async def test_it_says_something_to_all_and_to_one(bot: Attending, rehearsal: str, browser: ChromiumBrowser) -> None:
    ada = await person(browser, rehearsal, "Ada")
    await bot.enter(rehearsal)
    await bot.until(lambda: bot.others == {"Ada"})
    await bot.attendance.send_chat("good morning\nall", to_user_uuid=None)
    one = next(one for one in bot.people if one.name == "Ada")
    await bot.attendance.send_chat("and you", to_user_uuid=one.user_uuid)
    await bot.until(lambda: len(bot.chat) == 2)
    assert [(m.text, m.is_self, m.to_bot_only) for m in bot.chat] == [("good morning all", True, False), ("and you", True, True)]
    texts = await ada.evaluate("() => [...document.querySelectorAll('.chat-text')].map((e) => e.textContent)")
    assert texts == ["good morning\nall", "and you"]


async def test_it_waits_in_the_lobby_until_it_is_let_in(bot: Attending, rehearsal: str) -> None:
    await control(rehearsal, action="require_admission")
    await control(rehearsal, action="toolbar_in_lobby")
    await bot.enter(rehearsal)
    await bot.until_state(UiState.LOBBY)
    assert UiState.IN_MEETING not in bot.states
    await control(rehearsal, action="admit", person="all")
    await bot.until_state(UiState.IN_MEETING)


@pytest.mark.parametrize(("action", "state"), [("kick", UiState.REMOVED), ("end", UiState.ENDED)])
@pytest.mark.alone
async def test_it_tells_how_the_meeting_was_over_within_three_seconds(
    bot: Attending, rehearsal: str, action: str, state: UiState
) -> None:
    await bot.enter(rehearsal)
    await bot.until_state(UiState.IN_MEETING)
    done = time.monotonic()
    await control(rehearsal, action=action, person="all")
    await bot.until_state(state)
    assert time.monotonic() - done < VISIBLE_SECONDS


async def test_it_tells_that_it_was_denied(bot: Attending, rehearsal: str) -> None:
    await control(rehearsal, action="require_admission")
    await bot.enter(rehearsal)
    await bot.until_state(UiState.LOBBY)
    await control(rehearsal, action="deny", person="all")
    await bot.until_state(UiState.DENIED)


@pytest.mark.parametrize("view", ["not-found", "login-required", "captcha", "blocked", "wrong-passcode", "encrypted", "full"])
async def test_every_obstacle_is_told_as_what_it_is(bot: Attending, rehearsal: str, view: str) -> None:
    await control(rehearsal, action="obstacle", view=view)
    await bot.enter(rehearsal)
    await bot.until_state(UiState(view.replace("-", "_")))


async def test_it_answers_a_consent_and_says_so(bot: Attending, rehearsal: str) -> None:
    await bot.enter(rehearsal)
    await bot.until_state(UiState.IN_MEETING)
    await control(rehearsal, action="consent", person="all")
    await bot.until(lambda: ("consent_answered", "recording consent") in bot.remarks)


@pytest.mark.alone
async def test_it_is_gone_for_the_others_at_once_when_it_leaves(bot: Attending, rehearsal: str, browser: ChromiumBrowser) -> None:
    ada = await person(browser, rehearsal, "Ada")
    await bot.enter(rehearsal)
    await bot.until(lambda: bot.others == {"Ada"})
    await bot.attendance.leave()
    async with asyncio.timeout(3):
        while await ada.evaluate("() => document.querySelectorAll('.tile').length") != 1:  # noqa: ASYNC110 -- in a browser
            await asyncio.sleep(0.05)
