"""`rollcall platforms probe`: what is found, what is missed, and a bundle that gives nobody away."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from agents.platforms.file_reader import load
from agents.platforms.probe import Probe, run
from tests.browser.browser.site import Site

pytestmark = pytest.mark.browser

FILE = """
[match]
urls = ["http://127.0.0.1:*/*"]
[evidence]
pre_join = ["#name"]
lobby = [{ text = "Please wait" }]
in_meeting = ["#tiles"]
[[join]]
name = "fill in the name"
fill = "#name"
with = "{bot_name}"
[[join]]
name = "press join"
click = ["#old-join", "#join"]
[people]
item = ".person"
name = ".who"
[chat]
message = ".message"
[captions]
region = "#captions"
"""
PAGE = """<!doctype html><title>Quarterly numbers</title><script>var token = "tok_1";</script>
<input id=name value="secret typed"><button id=join>Join with Ada Lovelace</button><h1>Welcome</h1>
<div class=person><span class=who>Ada Lovelace</span></div><div class=message role=alert>the merger is off</div>
<p>Somebody wrote this</p><a href="https://example.org/?key=abc">Call +49 170 1234567</a>
<button data-key="AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJ" aria-label="Mail ada@example.org">Mail</button>
<button id="tile-ada-lovelace" aria-label="Mute ADA" data-href="/rooms/of-the-board?token=xyz">Mute Ada</button>
<button>Adamant</button><div class=person><span class=who>Jean-Luc (O'Brien) [x]\\</span></div>
<div data-user='{"who": "Zed Quux"}' title="blue-kitten-42"></div><h2>Blue-Kitten-42</h2><button>Join the room</button>"""


async def test_the_bundle_says_what_is_there_and_gives_nobody_away(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    out = tmp_path / "bundle"
    said: list[str] = []
    url = site.page("/join/blue-kitten-42", PAGE)
    assert await run(Probe(load(path), f"{url}?pwd=geheim", out, seconds=2), said.append)

    report = (out / "report.txt").read_text().splitlines()
    assert "found   evidence  pre_join, alternative 1  (line 5)" in report
    assert "missed  evidence  lobby, alternative 1  (line 6)" in report
    assert "missed  step      press join, alternative 1  (line 12)" in report
    assert "found   step      press join, alternative 2  (line 12)" in report
    assert "found   people    item" in report
    assert "missed  captions  region" in report
    assert any("pre_join" in line for line in said)

    dom = (out / "dom-0.html").read_text()
    assert '<button id="join">Join with [name]</button>' in dom
    assert "<h1>Welcome</h1>" in dom
    assert '<button id="tile-[name]-[name]" aria-label="Mute [name]" data-href="[address]">Mute [name]</button>' in dom
    assert "<button>Adamant</button>" in dom
    assert "<button>Join the room</button>" in dom
    bundle = "".join((out / name).read_text() for name in ("dom-0.html", "log.txt", "report.txt"))
    for gone in (
        "Lovelace",
        "merger",
        "Quarterly",
        "tok_1",
        "secret typed",
        "Somebody wrote",
        "1234567",
        "AAAABBBB",
        "example.org",
        "of-the-board",
        "Quux",
        "kitten",
    ):
        assert gone.lower() not in bundle.lower(), gone
    assert "geheim" not in bundle
    assert (out / "page.png").read_bytes().startswith(b"\x89PNG")
    assert tomllib.loads((out / "platform.toml").read_text()) == tomllib.loads(FILE)


async def test_a_page_that_cannot_be_opened_is_said_to_be_so(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FILE)
    said: list[str] = []
    url = site.page("/room", "no", status="500 Oh")
    assert not await run(Probe(load(path), url, tmp_path / "bundle", seconds=1), said.append)
    assert any("failed     PageLoadError" in line for line in said)
