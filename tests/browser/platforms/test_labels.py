"""What people read beside a field is its label, whatever a page makes it of."""

from __future__ import annotations

import pytest

from agents.platforms.base import JoinStepError, UiState
from tests.browser.browser.site import Site
from tests.browser.platforms.conftest import Attend
from tests.browser.platforms.test_strange_pages import MATCH

pytestmark = pytest.mark.browser

DOOR = """<form><label>Nickname *<input name=nick></label><label for=:r1:>Your company:</label><input id=:r1: type=text>
<label>Microphone <select><option>None<option>Desk</select></label>
<h4 id=code>Room</h4><h4 id=more>code</h4><input type=password aria-labelledby="code more">
<label><input type=checkbox> I have <b>read</b> the rules</label>
<button type=button class="wide round" aria-label="Enter room"><i>login</i></button></form>
<script>document.querySelector('button').onclick = () => {
  const [nick, company, code, rules] = document.querySelectorAll('input'), mic = document.querySelector('select');
  const said = [nick.value, company.value, mic.value, code.value, rules.checked].join(' ');
  document.body.innerHTML = `<label>Say something<textarea></textarea></label><p>${said}</p>`;
};</script>"""
STEPS = """
[[join]]
fill = { label = "Nickname" }
with = "{bot_name}"
[[join]]
fill = { label = "Your company" }
with = "Acme"
[[join]]
choose = { label = "Microphone" }
with = "Desk"
[[join]]
fill = { label = "Room code" }
with = "1234"
[[join]]
check = { label = "I have read the rules" }
[[join]]
click = { label = "Enter room" }
"""


async def test_fields_are_found_by_their_labels_as_people_read_them(attend: Attend, site: Site) -> None:
    evidence = '[evidence]\nin_meeting = [{ all = [{ label = "Say something" }, { text = "Bot Acme Desk 1234 true" }] }]\n'
    bot = await attend(MATCH + STEPS + evidence)
    await bot.enter(site.page("/a", DOOR))
    await bot.until_state(UiState.IN_MEETING)


async def test_a_step_that_fails_says_how_a_file_could_name_what_there_is(attend: Attend, site: Site) -> None:
    bot = await attend(MATCH + '[[join]]\nclick = "#nowhere"\ntimeout_seconds = 0.5\n[evidence]\nin_meeting = ["#in"]\n')
    with pytest.raises(JoinStepError) as error:
        await bot.enter(site.page("/a", DOOR))
    shown = str(error.value).partition("The page shows: ")[2].split(", ")
    assert "input[name=nick] label “Nickname *”" in shown
    assert "input[type=text] label “Your company:”" in shown
    assert "input[type=password] label “Room code”" in shown
    assert "button.wide “login” label “Enter room”" in shown
