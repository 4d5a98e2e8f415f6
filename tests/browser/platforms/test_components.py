# ruff: noqa: E501 -- the pages are HTML and scripts in one piece
"""Pages made of components (shadow roots within shadow roots), and doors that want more than a click."""

from __future__ import annotations

import asyncio

import pytest

from agents.platforms.base import JoinStepError, UiState
from tests.browser.browser.site import Site
from tests.browser.platforms.conftest import Attend
from tests.browser.platforms.test_strange_pages import ENTER, IN, MATCH

pytestmark = pytest.mark.browser

COMPONENTS = """<x-room></x-room><script>
const make = (tag, html, then) => customElements.define(tag, class extends HTMLElement {
  connectedCallback() { if (this.root) return; this.root = this.attachShadow({mode: 'closed'}); this.root.innerHTML = html; if (then) then(this.root, this); }
});
make('x-button', '<button><slot></slot></button>');
make('x-name', '<em></em>', (root, it) => { root.querySelector('em').textContent = it.getAttribute('of'); });
make('x-tile', '<style>:host {display: contents}</style><div></div>', (root, it) => { root.querySelector('div').innerHTML = `<x-name of="${it.getAttribute('of')}"></x-name>`; });
make('x-line', '<x-name of="Ada"></x-name><span role=status></span>', (root, it) => { root.querySelector('span').textContent = it.getAttribute('says'); });
make('x-room', '<x-button>Join <b>meeting</b></x-button><div id=here></div>', (root) => {
  root.querySelector('x-button').onclick = (event) => {
    if (event.isTrusted) root.querySelector('#here').innerHTML = '<x-tile of="Ada"></x-tile><x-tile of="Bob"></x-tile><x-line says="You were removed"></x-line>';
  };
});
</script>"""


@pytest.mark.parametrize("message", ["x-line", "x-room >>> x-line"])
async def test_people_and_messages_are_read_in_components_and_what_they_write_is_no_evidence(
    attend: Attend, site: Site, message: str
) -> None:
    rules = f"""{MATCH}[[join]]
click = {{ text = "Join meeting" }}
[evidence]
in_meeting = ["x-tile"]
removed = [{{ text = "you were removed" }}]
[people]
item = "x-tile"
name = ["x-name:no-such(thing)", "x-name"]
[chat]
message = "{message}"
sender = "x-name >>> em"
text = "span"
"""
    bot = await attend(rules)
    await bot.enter(site.page("/a", COMPONENTS))
    await bot.until(lambda: bot.names == {"Ada", "Bob"} and bot.chat)
    assert [(one.sender_name, one.text) for one in bot.chat] == [("Ada", "You were removed")]
    await asyncio.sleep(1.5)  # longer than a removal must hold
    assert UiState.REMOVED not in bot.states
    assert any("x-name:no-such(thing)" in text for _, text in bot.remarks)
    report = "".join(await bot.attendance.sanitised(names=["Bot"]))
    assert "<x-tile" in report
    assert "were removed" not in report
    assert "Ada" not in report


async def test_a_step_that_fails_says_in_which_component_things_are(attend: Attend, site: Site) -> None:
    bot = await attend(MATCH + '[[join]]\nclick = "x-button button"\ntimeout_seconds = 1\n' + IN)
    with pytest.raises(JoinStepError, match="The page shows: x-button >>> button “Join meeting”"):
        await bot.enter(site.page("/a", COMPONENTS))


async def test_a_door_of_digits_terms_and_a_canvas_is_passed(attend: Attend, site: Site) -> None:
    rules = f"""{MATCH}[variables]
code = "code=([0-9]+)"
[[join]]
fill = "#codes input"
with = "{{code}}"
[[join]]
scroll = "#terms"
[[join]]
click = {{ text = "I have read it" }}
[[join]]
type = "{{bot_name}}"
in = "canvas"
at = [0.1, 0.2]
[[join]]
click = "canvas"
at = [0.5, 0.9]
{IN}"""
    html = f"""<form id=codes><input maxlength=1><input maxlength=1><input maxlength=1></form><div id=terms style="height:3000px">terms</div><canvas width=300 height=200></canvas><script>
const boxes = [...codes.children], canvas = document.querySelector('canvas'); let name = '', chosen = false;
boxes.forEach((box, n) => box.addEventListener('input', () => box.value && boxes[n + 1] && boxes[n + 1].focus()));
addEventListener('scroll', () => {{ if (!window.read && innerHeight + scrollY > 2900 && boxes.map((box) => box.value).join() === '3,1,4') document.body.insertAdjacentHTML('beforeend', '<button id=read onclick="this.remove()">I have read it</button>'); }});
addEventListener('keydown', (event) => {{ if (chosen && event.isTrusted && event.key.length === 1) name += event.key; }});
canvas.addEventListener('click', (event) => {{
  if (event.offsetY < 60 && event.offsetX < 60) chosen = true;
  if (event.offsetY > 170 && name === 'Bot') {{ const who = name; {ENTER}; }}
}});</script>"""
    bot = await attend(rules)
    await bot.enter(site.page("/a", html) + "?code=314")
    await bot.until_state(UiState.IN_MEETING)


async def test_words_of_other_scripts_are_found_with_and_without_vowel_signs(attend: Attend, site: Site) -> None:
    rules = f"""{MATCH}[[join]]
click = {{ text = "انضم الآن" }}
[evidence]
in_meeting = [{{ text = "退出する" }}]
"""
    html = '<html lang=ar dir=rtl><button onclick="p.hidden = false"><b>انضمّ</b> \u2067الآن\u2069</button><p id=p hidden>退出する</p>'
    bot = await attend(rules)
    await bot.enter(site.page("/a", html))
    await bot.until_state(UiState.IN_MEETING)
