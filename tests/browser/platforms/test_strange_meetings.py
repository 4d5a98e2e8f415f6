# ruff: noqa: E501 -- the pages are HTML and scripts in one piece
"""Meetings as strangers write them, for a bot with nothing but a file: chat, people, devices, the way out."""

from __future__ import annotations

import asyncio
import json

import pytest

from agents.browser.api import Page
from agents.platforms.base import UiState
from tests.browser.browser.site import Site
from tests.browser.platforms.conftest import Attend

pytestmark = pytest.mark.browser

MATCH = '[match]\nurls = ["http://127.0.0.1:*/*"]\n'
IN = '[evidence]\nin_meeting = ["#in"]\n'


async def test_chat_is_written_into_whatever_takes_text(attend: Attend, site: Site) -> None:
    rules = f"""{MATCH}{IN}
[chat]
input = "#box"
send = {{ label = "Send message" }}
message = ".m"
max_length = 20
[[chat.open]]
click = {{ label = "@chat" }}
[texts.en]
chat = "Chat with everyone"
"""
    html = """<div id=in>in</div><button aria-label="Chat with everyone" onclick="panel.hidden = false">c</button>
<div id=panel hidden><div id=box contenteditable></div><button aria-label="Send message">&gt;</button></div><div id=list></div><script>
panel.querySelector('button').onclick = () => { const m = document.createElement('div'); m.className = 'm'; m.textContent = box.textContent; list.append(m); box.textContent = ''; };
</script>"""
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)
    await bot.attendance.send_chat("one two three four five six", to_user_uuid=None)
    await bot.until(lambda: len(bot.chat) == 2)
    assert [(one.text, one.is_self) for one in bot.chat] == [("one two three four", True), ("five six", True)]


async def test_a_hostile_page_changes_nothing_but_itself(attend: Attend, site: Site) -> None:
    html = """<div id=in>in</div><script>
const bad = () => { throw new Error('no'); };
for (const name of ['querySelectorAll', 'createTreeWalker']) Document.prototype[name] = bad;
for (const name of ['matches', 'closest', 'getAttribute', 'getBoundingClientRect', 'checkVisibility', 'querySelectorAll']) Element.prototype[name] = bad;
Object.defineProperty(Node.prototype, 'textContent', { get: bad, set: bad });
window.setTimeout = bad; window.MutationObserver = bad; performance.now = bad; window.WeakRef = bad; String.prototype.normalize = bad;
for (const key of Object.getOwnPropertyNames(window)) if (key.startsWith('_') && typeof window[key] === 'function') {
  for (const value of [null, 1, 'x', {token: 'x', frame: 'f'}, {token: '', atoms: []}]) { try { window[key](value, 'look'); } catch (e) {} }
}
const gone = document.createElement('p'); gone.id = 'gone'; gone.append('you were removed');
setInterval(() => { if (!gone.isConnected) document.body.append(gone); }, 800);
</script>"""
    rules = MATCH + '[evidence]\nin_meeting = ["#in"]\nremoved = [{ text = "you were removed" }]\n'
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)
    await bot.until_state(UiState.REMOVED)


async def test_too_many_people_and_too_long_messages_are_cut(attend: Attend, site: Site) -> None:
    rules = f'{MATCH}{IN}[people]\nitem = ".p"\nname = "@text"\n[chat]\nmessage = ".m"\n'
    html = """<div id=in>in</div><div id=l></div><script>
for (let i = 0; i < 3000; i++) l.insertAdjacentHTML('beforeend', '<div class=p>' + 'n'.repeat(400) + i + '</div><div class=m>' + 'x'.repeat(i < 2999 ? 9 : 20000) + i + '</div>');
</script>"""
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until(lambda: bot.people and bot.chat)
    assert len(bot.people) == 1000
    assert all(len(one.name) <= 255 for one in bot.people)
    assert len(bot.chat) == 200
    assert len(bot.chat[-1].text) == 10_000


async def test_a_selector_that_the_browser_does_not_read_is_told_and_stops_nothing(attend: Attend, site: Site) -> None:
    bot = await attend(MATCH + IN + 'lobby = ["div:nonsense(3)"]\n')
    await bot.enter(site.page("/a", "<div id=in>in</div>"))
    await bot.until_state(UiState.IN_MEETING)
    await bot.until(lambda: any(code == "platform_file_problem" and "nonsense" in text for code, text in bot.remarks))


async def test_a_page_may_be_kept_from_the_camera(attend: Attend, site: Site) -> None:
    html = """<p id=p></p><script>(async () => {
  const kinds = async (asked) => (await navigator.mediaDevices.getUserMedia(asked)).getTracks().map((t) => t.kind);
  const found = (await navigator.mediaDevices.enumerateDevices()).map((d) => d.kind);
  const refused = await kinds({audio: true, video: true}).catch((error) => error.name);
  p.textContent = JSON.stringify([await kinds({audio: true}), refused, found]); p.id = 'in';
})()</script>"""
    bot = await attend(MATCH + "[browser]\ncamera = false\n" + IN)
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)
    found = json.loads(await bot.attendance._page.evaluate("() => document.getElementById('in').textContent"))
    assert found == [["audio"], "NotFoundError", ["audioinput", "audiooutput"]]


async def test_leaving_does_the_steps_and_lets_go_of_the_page(attend: Attend, site: Site, page: Page) -> None:
    html = """<div id=in>in</div><button id=bye>Bye</button><script>
bye.onclick = () => { document.title = 'pressed'; }; window.onbeforeunload = (e) => { e.preventDefault(); return 'stay!'; };
addEventListener('pagehide', () => navigator.sendBeacon('/beacon?' + document.title));</script>"""
    bot = await attend(MATCH + IN + '[[leave]]\nclick = "#bye"\n')
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)
    async with asyncio.timeout(4):
        await bot.attendance.leave()
    await bot.until(lambda: "/beacon?pressed" in site.asked)
    assert await page.evaluate("() => location.href") == "about:blank"  # the browser's own record of it comes a moment later


async def test_a_click_that_leaving_cuts_short_does_not_spoil_the_goodbye(attend: Attend, site: Site, page: Page) -> None:
    told: list[object] = []
    await page.bind("tell", told.append)
    bot = await attend(MATCH + IN + '[[dialog]]\nname = "cookies"\nclick = "#banner"\n[[leave]]\nclick = "#bye"\n')
    script = """banner.onmousedown = () => { tell('pressed'); for (const until = performance.now() + 300; performance.now() < until;); };
bye.onclick = () => tell('bye')"""
    html = f"<div id=in>in</div><button id=bye>bye</button><p id=banner draggable=true>cookies</p><script>{script}</script>"
    await bot.enter(site.page("/a", html))
    await bot.until(lambda: "pressed" in told)
    await bot.attendance.leave()
    assert told == ["pressed", "bye"]


async def test_a_host_is_who_the_list_marks_and_nobody_who_is_only_called_so(attend: Attend, site: Site) -> None:
    rules = f"""{MATCH}{IN}[people]
item = ".p"
name = ".n"
count = ".all@title"
[people.hosts]
row = ".row"
name = [".n"]
text = "(Host)"
except_text = "(Co-Host)"
"""
    html = """<div id=in class=all title="3 here">in</div><script>
const names = ['Ada', 'Bob (Host)', 'Carol'];
const marks = ['(Host)', '', '(Co-Host)'];
const span = (name) => `<span class=n>${name}</span>`;
for (const name of names) document.body.insertAdjacentHTML('beforeend', `<div class=p>${span(name)}</div>`);
window.list = () => names.forEach((name, n) => document.body.insertAdjacentHTML('beforeend', `<div class=row>${span(name)} <i>${marks[n]}</i></div>`));
window.spotlight = () => document.querySelectorAll('.p:not(:first-of-type)').forEach((one) => { if (!one.innerText.startsWith('Ada')) one.remove(); });
</script>"""
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until(lambda: len(bot.names) == 3)
    assert not any(one.is_host for one in bot.people)
    page = bot.attendance._page
    await page.evaluate("() => window.list()")
    await bot.until(lambda: [one.name for one in bot.people if one.is_host] == ["Ada"])
    await page.evaluate("() => document.querySelectorAll('.row').forEach((one) => one.remove())")
    await page.evaluate("() => window.spotlight()")
    await asyncio.sleep(2.5)  # longer than it takes to be gone
    assert len(bot.names) == 3
    await page.evaluate("() => { document.querySelector('.all').title = 'just 1'; }")
    await bot.until(lambda: bot.names == {"Ada"})
