"""The files of the known platforms, on pages in a browser: every state they tell of, and what they must not be taken in by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from agents.browser.api import Page
from agents.platforms.base import UiState
from agents.platforms.file_reader import load
from agents.platforms.platform_file import UrlRules
from agents.platforms.registry import BUILT_IN
from tests.browser.browser.site import Site
from tests.browser.platforms import known_pages as pages
from tests.browser.platforms.attending import Attending

pytestmark = pytest.mark.browser

SHOW = """(html) => {
  document.title = '';
  document.body.innerHTML = html;
  for (const one of document.body.querySelectorAll('script')) eval(one.textContent);
}"""
LONGER_THAN_ANY_HOLD_S = 3.0

Enter = Callable[[str], Awaitable[Attending]]


@pytest.fixture
async def enter(page: Page, site: Site) -> AsyncIterator[Enter]:
    """An attendance by a built-in platform's file, at an empty page of ours; its steps are left out."""
    made: list[Attending] = []

    async def enter(name: str) -> Attending:
        file = replace(load(BUILT_IN / name / "platform.toml"), url=UrlRules(), join=(), after_join=(), dialogs=())
        attending = Attending(file)
        made.append(attending)
        await attending.prepare(page)
        await attending.enter(site.page("/meeting", "<body></body>"))
        return attending

    yield enter
    for one in made:
        await one.attendance.leave()


async def shows(bot: Attending, page: Page, html: str, state: UiState) -> None:
    """Shows a page and waits until it is told as what it is."""
    await page.evaluate(SHOW, "")
    await bot.until_gone()
    await page.evaluate(SHOW, html)
    await bot.until_state(state)
    assert set(bot.states) <= {state, UiState.UNKNOWN}, html


@pytest.mark.parametrize("name", pages.BEFORE)
async def test_every_state_before_the_meeting_is_told_as_what_it_is(enter: Enter, page: Page, name: str) -> None:
    bot = await enter(name)
    for state, html in pages.BEFORE[name]:
        await shows(bot, page, html, state)


@pytest.mark.parametrize("name", pages.INSIDE)
async def test_the_bot_is_in_by_a_person_and_out_by_a_statement(enter: Enter, page: Page, name: str) -> None:
    for state, html in pages.AFTER[name]:
        bot = await enter(name)
        await page.evaluate(SHOW, pages.INSIDE[name])
        await bot.until_state(UiState.IN_MEETING)
        assert bot.others == {"Ada"}
        await page.evaluate(SHOW, html)
        await bot.until_state(state)
        await bot.attendance.leave()


@pytest.mark.parametrize("name", pages.INSIDE)
async def test_alerts_an_emptied_room_and_flicker_are_no_end(enter: Enter, page: Page, name: str) -> None:
    bot = await enter(name)
    await page.evaluate(SHOW, pages.INSIDE[name])
    await bot.until_state(UiState.IN_MEETING)
    for html in (pages.NO_END[name], pages.TOOLBARS[name], pages.INSIDE[name], pages.NO_END[name]):
        await page.evaluate(SHOW, html)
        await asyncio.sleep(0.3)
    await asyncio.sleep(LONGER_THAN_ANY_HOLD_S)
    assert [state for state in bot.states if state is not UiState.UNKNOWN][-1] is UiState.IN_MEETING
    assert bot.states.count(UiState.IN_MEETING) == 1


COUNT_PRESSES = """(selector) => {
  window.presses = 0;
  document.addEventListener('click', (event) => { if (event.target.closest(selector)) window.presses++; });
}"""
OPEN_A_LIST = """([selector, html]) => document.querySelector(selector).addEventListener('click', () => {
  const shown = document.querySelector('#list');
  if (shown) return void shown.remove();
  const list = document.body.appendChild(document.createElement('div'));
  list.id = 'list';
  list.innerHTML = html;
})"""


@pytest.mark.parametrize("name", pages.STRANGE)
async def test_a_lobby_in_words_that_nobody_knows_is_no_meeting_and_a_meeting_that_lists_the_bot_alone_is(
    enter: Enter, page: Page, name: str
) -> None:
    bot = await enter(name)
    await page.evaluate(COUNT_PRESSES, pages.OPENS[name])
    await page.evaluate(SHOW, pages.STRANGE[name])
    await page.evaluate(OPEN_A_LIST, [pages.OPENS[name], pages.OTHERS_ROWS])
    await bot.until(lambda: "presence_unproven" in [code for code, _ in bot.remarks], timeout_s=20)
    assert UiState.UNKNOWN in bot.states
    assert UiState.IN_MEETING not in bot.states
    said = dict(bot.remarks)["presence_unproven"]
    assert "nobody else, no sound and no picture of anybody, no word that the bot is alone there" in said
    assert "the list of people was asked for, and none with the bot in it came" in said
    assert await page.evaluate("() => window.presses") == 2  # opened, the bot is not in it, closed
    await page.evaluate(SHOW, "")
    await bot.until_gone()
    bot.attendance._doubt._not_before = 0.0
    await page.evaluate(SHOW, pages.STRANGE[name])
    await page.evaluate(OPEN_A_LIST, [pages.OPENS[name], pages.LISTS[name]])
    await bot.until_state(UiState.IN_MEETING)
    await bot.attendance._doubt.over()
    assert not await page.evaluate("() => Boolean(document.querySelector('#list'))")


@pytest.mark.parametrize("name", pages.STRANGE)
async def test_a_list_in_whatever_form_that_bears_the_bots_name_is_a_meetings(enter: Enter, page: Page, name: str) -> None:
    bot = await enter(name)
    await page.evaluate(SHOW, pages.STRANGE[name])
    await page.evaluate(OPEN_A_LIST, [pages.OPENS[name], pages.RENEWED[name]])
    await bot.until_state(UiState.IN_MEETING)


@pytest.mark.parametrize("name", pages.ALONE)
async def test_where_no_list_comes_the_clients_word_that_the_bot_is_alone_is_enough(enter: Enter, page: Page, name: str) -> None:
    bot = await enter(name)
    await page.evaluate(SHOW, pages.ALONE[name])
    await bot.until_state(UiState.IN_MEETING)


TRACKS = """async () => {
  const [theirs, ours] = [new RTCPeerConnection(), new RTCPeerConnection()];
  for (const [one, other] of [[theirs, ours], [ours, theirs]]) {
    one.onicecandidate = ({ candidate }) => candidate && other.addIceCandidate(candidate);
  }
  const context = new AudioContext();
  const players = [];
  ours.ontrack = ({ track }) => {
    const player = Object.assign(new Audio(), { srcObject: new MediaStream([track]) }); // what nobody plays is not received
    players.push(player);
    player.play();
  };
  const tone = new OscillatorNode(context, { frequency: 300 });
  for (let n = 0; n < 3; n += 1) {
    const track = tone.connect(new MediaStreamAudioDestinationNode(context)).stream.getAudioTracks()[0];
    theirs.addTransceiver(track, { direction: "sendonly" });
  }
  tone.start();
  await theirs.setLocalDescription();
  await ours.setRemoteDescription(theirs.localDescription);
  await ours.setLocalDescription();
  await theirs.setRemoteDescription(ours.localDescription);
  window.kept = [theirs, ours, context, players];
  window.brings = () => ours.getReceivers().filter((one) => !one.track.muted && one.getSynchronizationSources().length).length;
  window.nameSomebody = () => {
    for (const one of ours.getReceivers()) one.getContributingSources = () => [{ source: 7, timestamp: performance.now() }];
  };
}"""


@pytest.mark.parametrize("name", ["google_meet", "teams"])
async def test_tracks_that_bring_nobodys_sound_are_no_meeting_and_packets_that_name_somebody_are(
    enter: Enter, page: Page, name: str
) -> None:
    bot = await enter(name)
    await page.evaluate(SHOW, pages.STRANGE[name])
    await page.evaluate(TRACKS)
    async with asyncio.timeout(30):
        while await page.evaluate("() => window.brings()") < 3:  # noqa: ASYNC110 -- a tone, as is played to those who wait
            await asyncio.sleep(0.1)
    await asyncio.sleep(LONGER_THAN_ANY_HOLD_S)
    assert UiState.IN_MEETING not in bot.states
    await page.evaluate("() => window.nameSomebody()")
    await bot.until_state(UiState.IN_MEETING)


@pytest.mark.parametrize(
    "html",
    [
        *(pages.MEET_TOOLBAR + effects for effects in pages.MEET_EFFECTS),
        pages.MEET_TOOLBAR,
        pages.MEET_TOOLBAR + pages.MEET_OWN_TILE,
        pages.MEET_TOOLBAR + '<div data-participant-id="p1" hidden><span class="notranslate">Ada</span></div>',
        pages.MEET_TOOLBAR + '<div data-participant-id="p1"></div>',
        pages.MEET_TILE + "<button>Join now</button>",
    ],
)
async def test_toolbars_own_tiles_and_phantoms_are_no_meeting(enter: Enter, page: Page, html: str) -> None:
    bot = await enter("google_meet")
    await page.evaluate(SHOW, html)
    await asyncio.sleep(LONGER_THAN_ANY_HOLD_S)
    assert UiState.IN_MEETING not in bot.states


WATCHES = """<button id="joinBtn">Join</button>
<div class="grecaptcha-badge"><iframe src="about:blank#recaptcha/api2/anchor"></iframe></div>
<iframe src="about:blank#recaptcha/api2/anchor?size=invisible"></iframe>
<iframe src="about:blank#hcaptcha.html#frame=checkbox-invisible"></iframe>"""


async def test_a_captcha_that_only_looks_on_refuses_nobody_and_one_that_asks_does(enter: Enter, page: Page) -> None:
    bot = await enter("zoom")
    await page.evaluate(SHOW, WATCHES)
    await bot.until_state(UiState.PRE_JOIN)
    await asyncio.sleep(LONGER_THAN_ANY_HOLD_S)
    assert UiState.CAPTCHA not in bot.states
    await page.evaluate(SHOW, WATCHES + '<iframe src="about:blank#hcaptcha.html#frame=challenge"></iframe>')
    await bot.until_state(UiState.CAPTCHA)


async def test_a_bot_that_waits_calls_nothing_in_the_page(enter: Enter, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    bot = await enter("google_meet")
    await page.evaluate(SHOW, pages.MEET_TOOLBAR + pages.p("Asking to be let in"))
    await bot.until_state(UiState.LOBBY)
    calls: list[str] = []
    for name in ("evaluate", "evaluate_in_frames", "text", "screenshot"):
        original = getattr(type(page), name)
        monkeypatch.setattr(
            type(page), name, lambda *given, _call=original, **more: calls.append("call") or _call(*given, **more)
        )
    await asyncio.sleep(LONGER_THAN_ANY_HOLD_S)
    monkeypatch.undo()
    assert calls == []


async def test_an_unknown_page_says_what_it_shows_and_where_it_is(enter: Enter, page: Page) -> None:
    bot = await enter("teams")
    await page.evaluate(SHOW, "<h1>Something new</h1><button>Take part</button>")
    await bot.until_state(UiState.UNKNOWN, timeout_s=20)
    await bot.until(lambda: any(code == "page_unknown" for code, _ in bot.remarks))
    told = dict(bot.remarks)["page_unknown"]
    assert "Something new" in told
    assert "button “Take part”" in told
    assert "/meeting" in told
