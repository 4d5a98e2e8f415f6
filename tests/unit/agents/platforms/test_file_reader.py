from __future__ import annotations

from pathlib import Path

import pytest
from pyppeteer.us_keyboard_layout import keyDefinitions

from agents.platforms.base import UiState
from agents.platforms.file_reader import PlatformFileError, check, load, parse, read_text
from agents.platforms.key_names import NAMED_KEYS
from agents.platforms.platform_file import Target
from agents.platforms.registry import BUILT_IN
from tests.unit.agents.platforms.paper_page import MATCH

GOOD = MATCH + '[evidence]\nin_meeting = [".tile"]\n'


def problems(text: str) -> list[str]:
    return [str(one) for one in parse(text, "x.toml")[1]]


def test_the_least_that_is_a_platform() -> None:
    platform = read_text(GOOD, "somewhere/my-meeting.toml")
    assert platform.name == "my-meeting"
    assert dict(platform.evidence)[UiState.IN_MEETING][0].element is not None


def test_every_file_that_comes_with_the_project_is_good() -> None:
    files = [*BUILT_IN.glob("*/platform.toml"), *Path("tests/meetings/platforms").glob("*.toml")]
    assert len(files) >= 3
    for file in files:
        assert check(file) == []


def test_names_of_texts_stand_for_all_languages_with_english_first() -> None:
    texts = '[texts.de]\nout = "Entfernt"\n[texts.en]\nout = ["Removed", "Kicked"]\n'
    platform = read_text(GOOD + 'removed = [{ text = "@out" }]\n' + texts)
    condition = dict(platform.evidence)[UiState.REMOVED][0]
    assert condition.element is not None
    assert condition.element.text == ("Removed", "Kicked", "Entfernt")


MISTAKES = [
    ("", "x.toml:1: the table [match] is missing"),
    ("", "x.toml:1: evidence of being in the meeting is missing"),
    (GOOD + "lobbby = ['#a']\n", "x.toml:5: evidence.lobbby: this key is not known here; did you mean 'lobby'?"),
    (GOOD + "[brwser]\n", "x.toml:5: brwser: this key is not known here; did you mean 'browser'?"),
    (GOOD + "lobby = [3]\n", "x.toml:5: evidence.lobby[1]: must be a CSS selector or a table"),
    (GOOD + "lobby = []\n", "x.toml:5: evidence.lobby: the list is empty"),
    (GOOD + "lobby = [{ txt = 'a' }]\n", "x.toml:5: evidence.lobby[1].txt: this key is not known here; did you mean 'text'?"),
    (GOOD + "lobby = [{}]\n", "x.toml:5: evidence.lobby[1]: says nothing"),
    (GOOD + "lobby = ['//div']\n", "XPath is not read; write a CSS selector"),
    (GOOD + "lobby = ['text=Hello']\n", "x.toml:5: evidence.lobby[1]: 'text=Hello' is no CSS selector"),
    (GOOD + "lobby = [\"button:has-text('x')\"]\n", "CSS cannot ask for text"),
    (GOOD + "lobby = ['div[a']\n", "a ] is missing"),
    (GOOD + "lobby = ['div)']\n", "a ) too many"),
    (GOOD + "lobby = ['a >']\n", "it ends in the middle"),
    (GOOD + "lobby = [{ text = '@out' }]\n", "@out stands for texts.<language>.out, which is not there; there are none"),
    (GOOD + "lobby = [{ at_least = 2 }]\n", "at_least and at_most count elements"),
    (GOOD + "lobby = [{ css = 'a', at_least = 3, at_most = 2 }]\n", "evidence.lobby[1].at_most: is below at_least (3)"),
    (GOOD + "lobby = [{ css = 'a', for_seconds = 99 }]\n", "must be a number from 0 to 60, not 99"),
    (GOOD + "lobby = [{ remote_tracks = true }]\n", "must be a whole number from 1 to 1000, not true or false"),
    (MATCH + "[evidence]\nin_meeting = [{ not = '#a' }]\n", "what is not there is no evidence of being in"),
    (GOOD.replace("https://meet.example.org/*", "meet.example.org"), "is no URL with * for any characters"),
    (GOOD.replace("meet.example.org/*", "meet.example.org/.*"), "looks like a regular expression; here * stands for any"),
    (
        GOOD.replace("meet.example.org/*", "meet.example.org/(a|b)"),
        "x.toml:2: match.urls: 'https://meet.example.org/(a|b)' looks",
    ),
    (GOOD + "[people]\nitem = '.t'\ntitle = 'Mine'\n", "x.toml:7: people.title: belongs to the whole file: write it at the top"),
    (GOOD + "[[join]]\nfil = '#a'\n", "this one has no action, but 'fil': did you mean 'fill'?"),
    (GOOD.replace("https://meet.example.org/*", "https://*/x"), "would match every meeting there is; name the host"),
    (
        GOOD + "[[join]]\nclick = 'Join now'\n",
        "is a CSS selector that looks for <now> inside a <Join>; what a person reads is written",
    ),
    (
        GOOD + "[[join]]\nclick = 'Leave'\n",
        "x.toml:6: join[1].click: 'Leave' is a CSS selector that looks for <Leave>; what a person",
    ),
    (GOOD + "lobby = ['warten sie bitte']\n", '{ text = "warten sie bitte" }'),
    (GOOD + "lobby = ['退出']\n", '{ text = "退出" }'),
    (GOOD + "[[join]]\npress = '{bot_name}'\n", "x.toml:6: join[1].press: '{bot_name}' is no key; known are: Enter, "),
    (
        GOOD + "[[join]]\npress = 'enter'\n",
        "'enter' is no key; did you mean 'Enter', or one character. Words are written by a step with type",
    ),
    (GOOD + "[[join]]\ntype = '{nme}'\n", "x.toml:6: join[1].type: {nme} stands for nothing"),
    (GOOD + "[[join]]\nclick = 'canvas'\nat = [0.5, 40]\n", "x.toml:7: join[1].at: must be two numbers from 0 to 1"),
    (GOOD + "[[join]]\nscroll = 'body'\nat = [0, 1]\n", "join[1].at: says where in an element to press: it goes with click"),
    (GOOD + "[[join]]\nclick = 'canvas'\nat = [0, 1]\ntrusted = false\n", "join[1].at: needs a real click"),
    (GOOD + "[chat]\ninput = '#a'\npress = 'Return'\n", "chat.press: 'Return' is no key"),
    (GOOD + "[[join]]\nname = 'a'\n", "x.toml:5: join[1]: a step does exactly one of click, fill"),
    (GOOD + "[[join]]\nclick = '#a'\nfill = '#b'\n", "this one has click and fill"),
    (GOOD + "[[join]]\nfill = '#a'\n", 'x.toml:5: join[1]: with is missing, as with = "{bot_name}"'),
    (GOOD + "[[join]]\nfill = '#a'\nwith = '{nme}'\n", "x.toml:7: join[1].with: {nme} stands for nothing; known are {bot_name}"),
    (GOOD + "[[join]]\nclick = '#a'\noptional = 'yes'\n", "x.toml:7: join[1].optional: must be true or false, without quotes"),
    (GOOD + "[[join]]\nclick = '#a'\ntimeout = 3\n", "x.toml:7: join[1].timeout: this key is not known here; did you mean"),
    (GOOD + "[[join]]\nfill = '#a'\nwith = 'x'\nallowed = 'z-a'\n", "is not the inside of a [character class]"),
    (GOOD + "join = 3\n[x]\n", "evidence.join: this key is not known here"),
    (GOOD + "[[dialog]]\nname = 'cookies'\n", "x.toml:5: dialog[1]: click is missing"),
    (GOOD + "[[dialog]]\nname = 'a'\nclick = '#a'\njs = 'b()'\n", "x.toml:5: dialog[1]: both click and js are given"),
    (GOOD + "[[dialog]]\nname = 'a'\njs = 'b()'\n", "x.toml:5: dialog[1]: when is missing"),
    (GOOD + "[[dialog]]\nname = 'a'\nclick = '#a'\nif_variable = 'x'\n", "dialog[1].if_variable: 'x' is none of [variables]"),
    (GOOD + "full = [{ variable = 'x' }]\n", "evidence.full[1].variable: 'x' is none of [variables]; there are none"),
    (GOOD + "[variables]\nroom = 'a(b)(c)'\n", "must have exactly 1 group in round brackets, not 2"),
    (GOOD + "[variables]\nroom = 'a('\n", "is no regular expression"),
    (GOOD + "[browser]\nflags = ['lang=en']\n", "is no switch of Chromium"),
    (GOOD + "[browser]\nflags = ['--enable-features=X']\n", "write enabled_features and disabled_features instead"),
    (GOOD + "[browser]\npermissions = ['cam']\n", "'cam' is not known; known are: camera, microphone"),
    (GOOD + "[browser]\nsecure_origins = ['10.0.0.1']\n", "is no origin"),
    (GOOD + "[browser]\ncamera = 'none'\n", "must be true or false"),
    (GOOD + "[people]\nname = '.n'\n", "say where people are"),
    (GOOD + "[people]\nitem = '.t'\nname = '//b@title'\n", "XPath is not read"),
    (GOOD + "[chat]\nsender = '.s'\n", "say at least where to write"),
    (GOOD + "[texts.en]\nout = 'x'\n", "the texts named 'out' are used nowhere"),
    (GOOD + "[texts.english]\nout = 'x'\n", "'english' is no language code"),
    (GOOD + "[reload]\nwhile = ['hostabsent']\n", "'hostabsent' is no state"),
    (GOOD + "[url]\nquery = { n = '{who}' }\n", "{who} stands for nothing"),
    ("format = 2\n" + GOOD, "x.toml:1: format: this version reads format = 1"),
    ('name = "Big Name"\n' + GOOD, "must be 1 to 40 of a-z"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_what_would_be_right(text: str, message: str) -> None:
    assert any(message in one for one in problems(text)), problems(text)


def test_all_mistakes_are_told_together_in_order_of_lines() -> None:
    found = problems(GOOD + "lobby = [3]\nended = [4]\n[people]\nitem = 5\n")
    assert [int(one.split(":")[1]) for one in found] == [5, 6, 7, 8]


def test_a_file_that_cannot_be_read_is_told_too(tmp_path: Path) -> None:
    assert "cannot be read" in str(check(tmp_path / "none.toml")[0])
    (tmp_path / "bad.toml").write_bytes(b"a = 1\n\xff")
    assert ":2: is not UTF-8" in str(check(tmp_path / "bad.toml")[0])
    with pytest.raises(PlatformFileError, match="UTF-8"):
        load(tmp_path / "bad.toml")


def test_windows_line_ends_are_read() -> None:
    assert problems(GOOD.replace("\n", "\r\n") + "lobby = [3]\r\n")[0].startswith("x.toml:5:")


def test_a_device_that_is_half_described_says_what_is_missing() -> None:
    start = '[match]\nurls = ["https://a.example/*"]\n[evidence]\nin_meeting = [".a"]\n'
    button = parse(start + '[camera]\nbutton = "#cam"\nis_on = "#cam.on"\n', "x")
    assert button[1] == []
    assert button[0] is not None
    assert button[0].camera is not None
    assert [step.action for step in (*button[0].camera.turn_on, *button[0].camera.turn_off)] == ["click", "click"]
    (off,) = button[0].camera.is_off
    assert (off.element, off.none) == (Target(css="#cam"), button[0].camera.is_on)
    wrong = parse(
        start + '[microphone]\n[camera]\nis_on = ".on"\n[[camera.turn_on]]\njs = "a()"\n[[join]]\nswitch = "mike"\n', "x"
    )[1]
    words = [(problem.line, problem.message.split(":")[0]) for problem in wrong]
    assert words == [
        (5, "is_on is missing"),
        (5, "say what turns it on and off"),
        (6, "say what turns it on and off"),
        (6, "is_off is missing"),
        (11, "'mike' is not known; known are"),
    ]


def test_selectors_of_elements_alone_are_no_words() -> None:
    for selector in (
        "canvas",
        "main label input",
        "button",
        "my-app button",
        "DIV",
        "room",
        "#Join now",
        ".Join",
        "svg foreignObject",
    ):
        assert problems(GOOD + f"[[join]]\nclick = '{selector}'\n") == [], selector


def test_every_key_that_may_be_pressed_is_one_that_the_browser_is_told() -> None:
    for key in (*NAMED_KEYS, "a", "Z", "1", " ", "?"):
        assert key in keyDefinitions
        assert problems(GOOD + f"[[join]]\npress = '{key}'\n") == [], key
