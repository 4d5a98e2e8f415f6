# ruff: noqa: E501 -- the pages are HTML and scripts in one piece
"""Pages as strangers write them, each joined by nothing but a file."""

from __future__ import annotations

import asyncio

import pytest

from agents.browser.api import Page
from agents.browser.errors import PageLoadError
from agents.platforms.base import Device, JoinStepError, UiState
from tests.browser.browser.site import Site
from tests.browser.platforms.conftest import Attend

pytestmark = pytest.mark.browser

MATCH = '[match]\nurls = ["http://127.0.0.1:*/*"]\n'
NAME_AND_JOIN = '[[join]]\nfill = "#name"\nwith = "{bot_name}"\n[[join]]\nclick = "#go"\n'
IN = '[evidence]\nin_meeting = ["#in"]\n'
ENTER = "document.body.insertAdjacentHTML('beforeend', '<div id=in>in as ' + who + '</div>')"


async def test_a_text_is_found_however_it_is_written(attend: Attend, site: Site) -> None:
    text = f'{MATCH}[evidence]\nin_meeting = ["#in"]\nremoved = [{{ text = "You\'ve been removed from this meeting" }}]\n'
    bot = await attend(text)
    await bot.enter(site.page("/a", "<div id=in>in</div><p id=p hidden>You’ve been <b>Removed</b>\n from   this meeting</p>"))
    await bot.until_state(UiState.IN_MEETING)
    page = bot.attendance._page
    await asyncio.sleep(1.5)  # long enough for what is hidden to be mistaken
    assert UiState.REMOVED not in bot.states
    await page.evaluate("() => { document.getElementById('p').hidden = false; }")
    observation = await bot.until_state(UiState.REMOVED)
    assert "removed" in observation.evidence


async def test_what_people_write_is_no_evidence(attend: Attend, site: Site) -> None:
    rules = f"""{MATCH}[evidence]
in_meeting = ["#in"]
ended = [{{ text = "the call ended" }}]
[chat]
message = ".message"
[people]
item = ".person"
name = ".name"
"""
    bot = await attend(rules)
    html = """<div id=in>in</div><div class=message>The call ended</div><div class=person><span class=name>The call ended</span></div>
<textarea>The call ended</textarea><div contenteditable>The call ended</div><script>/* the call ended */</script>"""
    await bot.enter(site.page("/a", html))
    await bot.until(lambda: bot.chat and bot.people)
    await asyncio.sleep(1.5)  # longer than an end must hold
    assert UiState.ENDED not in bot.states


async def test_open_and_closed_shadow_roots_are_looked_into(attend: Attend, site: Site) -> None:
    rules = f"""{MATCH}[[join]]
fill = "my-form >>> input"
with = "{{bot_name}}"
[[join]]
click = {{ text = "Join now" }}
[evidence]
in_meeting = [{{ text = "welcome in, Bot" }}]
"""
    html = """<my-form></my-form><div id=declared><template shadowrootmode=open><p>nothing</p></template></div><script>
customElements.define('my-form', class extends HTMLElement {
  connectedCallback() {
    const outer = this.attachShadow({mode: 'closed'});
    outer.innerHTML = '<div></div><button>Join now</button>';
    const inner = outer.querySelector('div').attachShadow({mode: 'open'});
    inner.innerHTML = '<input>';
    outer.querySelector('button').onclick = (event) => {
      if (event.isTrusted) document.getElementById('declared').shadowRoot.querySelector('p').textContent = 'Welcome in, ' + inner.querySelector('input').value;
    };
  }
});</script>"""
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)


@pytest.mark.parametrize("other_site", [False, True])
async def test_a_meeting_in_frames_is_joined_by_real_clicks(attend: Attend, site: Site, *, other_site: bool) -> None:
    origin = site.other_url if other_site else site.url
    inner = f"""<div style="height:300px">tall</div><input id=name><button id=go>Go</button><script>
go.onclick = (event) => {{ const who = name_().value; if (event.isTrusted && who) {ENTER}; }};
function name_() {{ return document.getElementById('name'); }}</script>"""
    site.page("/inner", inner)
    site.page(
        "/middle",
        f'<p>middle</p><iframe src="{site.url}/inner" style="border:7px solid;padding:5px" width=400 height=500></iframe>',
    )
    top = site.page("/top", f'<h1>top</h1><iframe src="{origin}/middle" width=500 height=600 style="margin-left:100px"></iframe>')
    bot = await attend(MATCH + NAME_AND_JOIN + IN)
    await bot.enter(top)
    await bot.until_state(UiState.IN_MEETING)


async def test_a_field_that_the_framework_controls_keeps_what_was_typed(attend: Attend, site: Site) -> None:
    html = f"""<input id=name><button id=go disabled>Go</button><script>
const field = document.getElementById('name'), native = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
let state = '';
Object.defineProperty(field, 'value', {{ get: () => native.get.call(field), set: (v) => native.set.call(field, v) }});
field.addEventListener('input', () => {{ state = native.get.call(field); go.disabled = !state; }});
setInterval(() => native.set.call(field, state), 5);
go.onclick = () => {{ const who = state; {ENTER}; }};</script>"""
    bot = await attend(MATCH + NAME_AND_JOIN + '[evidence]\nin_meeting = [{ css = "#in", text = "in as Grüße 😀" }]\n')
    await bot.enter(site.page("/a", html), "Grüße 😀")
    await bot.until_state(UiState.IN_MEETING)


async def test_a_slow_page_is_waited_for(attend: Attend, site: Site) -> None:
    html = f"""<div id=app></div><script>
setTimeout(() => {{ app.innerHTML = '<input id=name><button id=go style="visibility:hidden" disabled>Go</button>'; }}, 700);
setTimeout(() => {{ go.style.visibility = ''; }}, 1200);
setTimeout(() => {{ go.disabled = false; }}, 1700);
setTimeout(() => {{ go.onclick = () => {{ const who = document.getElementById('name').value; {ENTER}; }}; }}, 3000);</script>"""
    rules = MATCH + NAME_AND_JOIN + 'until = "#in"\nretry_seconds = 0.5\n' + IN
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)


async def test_banners_are_pressed_away_and_consents_are_logged(attend: Attend, site: Site) -> None:
    html = f"""<style>.over {{ position: fixed; inset: 0; background: white }}</style><input id=name><button id=go>Go</button>
<div class=over id=cookies><button>Nur notwendige</button></div>
<script>cookies.onclick = (e) => {{ if (e.target.tagName === 'BUTTON') cookies.remove(); }};
go.onclick = () => {{ const who = 1; {ENTER};
  document.body.insertAdjacentHTML('beforeend', '<div class=over role=dialog>This is recorded <button onclick="parentNode.remove()">OK</button></div>'); }};
</script>"""
    rules = f"""{MATCH}{NAME_AND_JOIN}{IN}
[[dialog]]
name = "cookies"
click = {{ text = "@necessary" }}
[[dialog]]
name = "recording"
consent = true
when = {{ text = "this is recorded" }}
click = {{ css = "[role=dialog] button" }}
[texts.en]
necessary = "Only necessary"
[texts.de]
necessary = "Nur Notwendige"
"""
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until(lambda: bot.remarks == [("consent_answered", "recording")])
    await bot.until_state(UiState.IN_MEETING)


async def test_a_button_that_stays_covered_is_pressed_all_the_same(attend: Attend, site: Site) -> None:
    html = f"""<input id=name><button id=go>Go</button><div style="position:fixed;inset:0"></div>
<script>go.onclick = () => {{ const who = document.getElementById('name').value; {ENTER}; }};</script>"""
    bot = await attend(MATCH + NAME_AND_JOIN + '[evidence]\nin_meeting = [{ css = "#in", text = "in as Bot" }]\n')
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)


async def test_a_control_that_never_comes_is_named_with_what_there_was_instead(attend: Attend, site: Site) -> None:
    rules = MATCH + '[[join]]\nname = "press join"\nclick = "#nowhere"\ntimeout_seconds = 1\n' + IN
    bot = await attend(rules)
    with pytest.raises(
        JoinStepError, match=r"press join \(line 3\): is not there, within 1 s. The page shows: .*button#other “Other”"
    ) as error:
        await bot.enter(site.page("/a", "<button id=other>Other</button>"))
    assert error.value.step == "press join"


async def test_optional_steps_and_conditions_on_steps(attend: Attend, site: Site) -> None:
    rules = f"""{MATCH}
[[join]]
click = "#nowhere"
optional = true
timeout_seconds = 0.2
[[join]]
if = "#nowhere"
click = "#nowhere"
[[join]]
unless = "#go"
click = "#nowhere"
[[join]]
check = "#agree"
[[join]]
uncheck = "#news"
[[join]]
choose = "#role"
with = "Guest speaker"
[[join]]
wait_for = {{ css = "#go", text_is = "Ready" }}
[[join]]
press = "Enter"
in = "#name"
{IN}"""
    html = f"""<input type=checkbox id=agree><input type=checkbox id=news checked><select id=role><option value=a>Host<option value=b>Guest speaker</select>
<input id=name><button id=go>Wait</button><script>
setTimeout(() => {{ go.textContent = 'Ready'; }}, 500);
document.getElementById('name').onkeydown = (e) => {{
  const who = 1;
  if (e.key === 'Enter' && agree.checked && !news.checked && role.value === 'b') {ENTER};
}};</script>"""
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)


async def test_a_files_own_switches_are_turned_before_the_meeting_and_in_it(attend: Attend, site: Site, page: Page) -> None:
    rules = f"""{MATCH}
[[join]]
switch = "microphone"
[[join]]
switch = "camera"
[[join]]
click = "#go"
[microphone]
button = "#mic"
is_on = "#mic[aria-pressed=true]"
[camera]
button = {{ label = ["Stop camera", "Start camera"] }}
is_on = {{ label = "Stop camera" }}
is_off = {{ label = "Start camera" }}
{IN}"""
    html = f"""<button id=mic aria-pressed=true>Microphone</button><button id=cam title="Start camera">C</button><button id=go>Go</button><script>
mic.onclick = () => mic.ariaPressed = String(mic.ariaPressed !== 'true');
cam.onclick = () => setTimeout(() => cam.title = cam.title === 'Start camera' ? 'Stop camera' : 'Start camera', 300);
go.onclick = () => {{ const who = `${{mic.ariaPressed}} ${{cam.title}}`; {ENTER}; }};</script>"""
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)
    inside = "() => document.getElementById('in').textContent"
    assert await page.evaluate(inside) == "in as false Start camera"
    assert await bot.attendance.switch(Device.CAMERA, on=True)
    assert await page.evaluate("() => cam.title") == "Stop camera"


async def test_a_door_that_is_closed_ends_the_steps_at_once(attend: Attend, site: Site) -> None:
    rules = MATCH + NAME_AND_JOIN + IN + 'not_found = [{ text = "no such room" }]\n'
    bot = await attend(rules)
    async with asyncio.timeout(5):
        await bot.enter(site.page("/a", "<h1>No such room</h1>"))
    assert bot.states[-1] is UiState.NOT_FOUND


async def test_an_error_page_that_says_why_is_evidence_and_another_is_a_failure(attend: Attend, site: Site) -> None:
    rules = MATCH + NAME_AND_JOIN + IN + 'not_found = [{ title = "Not found" }]\n'
    bot = await attend(rules)
    await bot.enter(site.page("/a", "<title>Not Found</title>nothing", status="404 Not Found"))
    assert bot.states[-1] is UiState.NOT_FOUND
    with pytest.raises(PageLoadError):
        await bot.enter(site.page("/b", "oops", status="500 Oh"))


async def test_expressions_are_the_way_out_and_a_mistake_in_one_stops_no_other(attend: Attend, site: Site) -> None:
    rules = f"""{MATCH}[[join]]
js = "new Promise((done) => setTimeout(() => {{ window.app.join(vars.bot_name); done(true); }}, 100))"
[evidence]
in_meeting = [{{ js = "app.joined" }}]
lobby = [{{ js = "app.((" }}]
ended = [{{ js = "app.nothing.there" }}]
[people]
js = "app.people.map((p) => ({{ id: p.i, name: p.n, host: p.i === 1, speaking: p.i === 2 }}))"
[chat]
js = "app.chat"
"""
    html = """<canvas></canvas><script>
window.app = { joined: false, people: [], chat: [], join(who) { this.joined = true; this.people = [{i: 1, n: 'Ada'}, {i: 2, n: 'Bob'}, {i: 3, n: who}]; this.chat = [{id: 9, text: 'hi', sender: 'Ada'}]; } };
</script>"""
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)
    await bot.until(lambda: bot.chat and bot.speaking)
    assert [(one.name, one.is_host) for one in bot.people] == [("Ada", True), ("Bob", False), ("Bot", False)]
    assert bot.speaking == [("2", True)]


async def test_a_new_address_in_the_same_document_is_noticed(attend: Attend, site: Site) -> None:
    rules = MATCH + '[evidence]\nin_meeting = [{ url = "*/room/*" }]\nended = [{ url = "*/bye" }]\n'
    bot = await attend(rules)
    await bot.enter(site.page("/a", "<p>one page</p><script>setTimeout(() => history.pushState(0, '', '/room/1'), 300)</script>"))
    await bot.until_state(UiState.IN_MEETING)
    await bot.attendance._page.evaluate("() => history.replaceState(0, '', '/bye')")
    await bot.until_state(UiState.ENDED)


async def test_a_page_that_reloads_to_its_door_has_put_the_bot_out(attend: Attend, site: Site) -> None:
    html = f"<input id=name><button id=go>Go</button><script>go.onclick = () => {{ const who = 1; {ENTER}; }}</script>"
    bot = await attend(MATCH + NAME_AND_JOIN + IN + 'pre_join = ["#name:not(#in ~ *)"]\n')
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)
    await bot.attendance._page.evaluate("() => void setTimeout(() => location.reload(), 0)")
    await bot.until_state(UiState.ENDED)


async def test_while_the_host_is_absent_the_page_is_tried_again(attend: Attend, site: Site) -> None:
    html = """<title>Wait</title><script>const n = 1 + Number(sessionStorage.n || 0); sessionStorage.n = n;
document.write(n < 3 ? '<p>Waiting for the host</p>' : '<p id=in>in</p>');</script>"""
    rules = MATCH + IN + 'host_absent = [{ text = "waiting for the host" }]\n[reload]\nwhile = "host_absent"\nevery_seconds = 2\n'
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.HOST_ABSENT)
    await bot.until_state(UiState.IN_MEETING)
