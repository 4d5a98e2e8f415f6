"""Calls into a page and out of it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from agents.browser.api import BrowserOptions
from agents.browser.errors import PageHungError, PageNavigatedError, PageScriptError
from agents.browser.page import ChromiumPage
from agents.browser.session import ChromiumBrowser
from tests.browser.browser.conftest import Launch, until
from tests.browser.browser.site import Site

pytestmark = pytest.mark.browser


async def frames_say(page: ChromiumPage, function: str, values: list[Any]) -> bool:
    return sorted(await page.evaluate_in_frames(function)) == values


@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, 2**53 - 1, "", "é\u2028\"'\\`${x}</script>", [], [1, [2]], {}, {"a": {"b": None}}, "=> x"]
)
async def test_values_go_in_and_come_back(page: ChromiumPage, value: Any) -> None:
    assert await page.evaluate("(a) => a", value) == value


async def test_half_a_character_costs_neither_its_message_nor_the_browser(page: ChromiumPage) -> None:
    got: list[Any] = []
    await page.bind("tell", got.append)
    await page.open("about:blank")
    said = await page.evaluate("() => { console.log('\\ud83d'); tell({ name: '\\ud83d' }); tell('\\ude00!'); return 'a\\ud83d' }")
    await until(lambda: len(got) == 2)
    assert (said, got) == ("a?", [{"name": "?"}, "?!"])
    assert not page.failure.done()


async def test_functions_of_every_kind_are_understood(page: ChromiumPage) -> None:
    assert await page.evaluate("async (a, b) => { await null; return a + b }", 1, 2) == 3
    assert await page.evaluate("function (a) { return a }", "x") == "x"
    assert await page.evaluate("async function named(a) { return a } // a remark", "x") == "x"
    assert await page.evaluate("() => '=>'") == "=>"
    assert await page.evaluate("() => undefined") is None
    assert await page.evaluate("() => NaN") is None


async def test_what_a_script_throws_is_told(page: ChromiumPage) -> None:
    with pytest.raises(PageScriptError, match="no such thing"):
        await page.evaluate("() => { throw new Error('no such thing') }")
    with pytest.raises(PageScriptError, match="no such thing"):
        await page.evaluate("async () => { throw 'no such thing' }")
    with pytest.raises(PageScriptError, match="SyntaxError"):
        await page.evaluate("() => {")
    with pytest.raises(PageScriptError):
        await page.evaluate("() => window")


async def test_a_script_that_does_not_end_fails_alone(page: ChromiumPage) -> None:
    began = time.monotonic()
    with pytest.raises(PageHungError):
        await page.evaluate("() => new Promise(() => {})", timeout_s=0.2)
    assert time.monotonic() - began < 1
    assert await page.evaluate("() => 1") == 1
    assert not page.failure.done()


async def test_a_storm_of_cancelled_calls_harms_nobody(page: ChromiumPage) -> None:
    slow = "(ms) => new Promise((done) => setTimeout(done, ms))"
    for _ in range(10):
        calls = [asyncio.create_task(page.evaluate(slow, ms)) for ms in range(0, 60, 2)]
        await asyncio.sleep(0.02)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        assert await page.evaluate("() => 1") == 1


HALFWAY = """<p id=first draggable=true style='width: 200px; height: 50px'>press me</p><button id=second>second</button><script>
  const wait = () => { for (const until = performance.now() + 300; performance.now() < until;); };
  first.addEventListener('mousedown', () => { tell('pressed'); wait(); });
  first.addEventListener('mouseup', () => tell('released'));
  second.addEventListener('click', () => tell('second'));
  document.addEventListener('keydown', ({ key }) => { tell(`${key} pressed`); wait(); });
  document.addEventListener('keyup', ({ key }) => tell(`${key} released`));
</script>"""


async def test_a_click_or_a_key_that_is_given_up_halfway_is_a_whole_one(page: ChromiumPage, site: Site) -> None:
    told: list[Any] = []
    await page.bind("tell", told.append)
    await page.open(site.page("/", HALFWAY))
    centre = "(id) => { const box = document.getElementById(id).getBoundingClientRect(); return [box.x + 20, box.y + 10] }"
    for begin, pressed in ((page.click_at(*await page.evaluate(centre, "first")), "pressed"), (page.press("x"), "x pressed")):
        half = asyncio.create_task(begin)
        await until(lambda told=told, pressed=pressed: pressed in told)
        half.cancel()
        await asyncio.wait([half])
    await page.click_at(*await page.evaluate(centre, "second"))
    await until(lambda: "second" in told)
    assert told == ["pressed", "released", "x pressed", "x released", "second"]


async def test_a_document_that_goes_away_under_a_script_is_told_apart(page: ChromiumPage, site: Site) -> None:
    await page.open(site.page("/", "<p>one"))
    with pytest.raises(PageNavigatedError):
        await page.evaluate("() => { location.href = '/?again'; return new Promise(() => {}) }")


async def test_scripts_count_as_a_users_gesture(page: ChromiumPage, site: Site) -> None:
    await page.open(site.page("/", "<p>x"))
    assert await page.evaluate("() => navigator.userActivation.isActive") is True


async def test_our_scripts_run_first_in_every_document(page: ChromiumPage, site: Site) -> None:
    site.page("/inner", "<script>document.title = String(window.ours)</script>")
    await page.add_script("window.ours = 42")
    await page.open(site.page("/", "<script>document.title = String(window.ours)</script><iframe src=/inner></iframe>"))
    await until(lambda: frames_say(page, "() => document.title", ["42", "42"]))


async def test_all_that_a_page_tells_arrives_in_order_and_whole(page: ChromiumPage, site: Site) -> None:
    got: list[Any] = []
    await page.bind("tell", got.append)
    script = "for (let i = 0; i < 200; i++) tell(i % 2 ? {n: i} : `text ${i}`); tell(); tell(null); tell([1, 'é\\u2028'])"
    await page.open(site.page("/", f"<script>{script}</script>"))
    await until(lambda: len(got) == 203)
    assert got == [{"n": i} if i % 2 else f"text {i}" for i in range(200)] + [None, None, [1, "é\u2028"]]


async def test_two_megabytes_pass_both_ways(page: ChromiumPage) -> None:
    got: list[Any] = []
    await page.bind("tell", got.append)
    await page.open("about:blank")
    text = "x" * 2_000_000
    assert await page.evaluate("(text) => { tell(text); tell({text}); return text }", text) == text
    assert got == [text, {"text": text}]


async def test_what_a_handler_raises_goes_no_further(page: ChromiumPage) -> None:
    got: list[Any] = []

    def handler(value: Any) -> None:
        got.append(value["a"])

    await page.bind("tell", handler)
    await page.open("about:blank")
    await page.evaluate("() => { tell('not an object'); tell({a: 1}) }")
    assert got == [1]


async def test_bindings_outlive_documents_and_reach_frames_of_other_sites(page: ChromiumPage, site: Site) -> None:
    got: list[Any] = []
    await page.bind("tell", got.append)
    site.page("/inner", "<script>tell('inner ' + location.hostname)</script>")
    site.page("/second", "<script>tell('second')</script>")
    await page.open(site.page("/", f"<script>tell('top')</script><iframe src={site.other_url}/inner></iframe>"))
    await until(lambda: len(got) == 2)
    await page.open(f"{site.url}/second")
    await until(lambda: len(got) == 3)
    assert got == ["top", "inner localhost", "second"]


async def test_a_page_that_spoils_json_cannot_spoil_what_it_tells(page: ChromiumPage, site: Site) -> None:
    got: list[Any] = []
    await page.bind("tell", got.append)
    await page.open(site.page("/", "<script>JSON.stringify = () => 'spoilt'; window.tell = null; tell({a: 1})</script>"))
    await until(lambda: bool(got))
    assert got == [{"a": 1}]


async def test_frames_of_other_sites_are_seen(page: ChromiumPage, site: Site) -> None:
    site.page("/inner", "<p>inner text")
    await page.open(site.page("/", f"<p>outer text<iframe src={site.other_url}/inner></iframe>"))
    await until(lambda: frames_say(page, "() => location.hostname", ["127.0.0.1", "localhost"]))
    assert await page.text() == "outer text\ninner text"


async def test_frames_in_processes_of_their_own_are_seen_too(launch: Launch, site: Site) -> None:
    page = await (await launch(BrowserOptions(flags=("--site-per-process",)))).new_page()
    got: list[Any] = []
    await page.bind("tell", got.append)
    await page.add_script("window.ours = 42")
    site.page("/inner", "<p>inner text<script>tell('inner ' + window.ours)</script>")
    await page.open(site.page("/", f"<p>outer text<iframe src={site.other_url}/inner></iframe>"))
    await until(lambda: got == ["inner 42"])
    assert sorted(await page.evaluate_in_frames("() => location.hostname")) == ["127.0.0.1", "localhost"]
    await page.evaluate("() => document.querySelector('iframe').remove()")
    await until(lambda: frames_say(page, "() => 1", [1] * 1))


async def test_frames_that_fail_are_left_out(page: ChromiumPage, site: Site) -> None:
    site.page("/inner", "<p>inner")
    await page.open(site.page("/", "<iframe src=/inner></iframe><iframe src=/inner></iframe>"))
    await until(lambda: frames_say(page, "() => 1", [1] * 3))
    assert await page.evaluate_in_frames("() => { if (window !== top) throw 1; return 'top' }") == ["top"]
    assert await page.evaluate_in_frames("() => window === top ? 'top' : new Promise(() => {})", timeout_s=0.3) == ["top"]


async def test_clicks_and_keys_are_a_persons(page: ChromiumPage, site: Site) -> None:
    html = """<input id=a style='position:absolute;left:0;top:0;width:100px;height:30px'><script>
      window.seen = [];
      for (const kind of ['click', 'keydown']) addEventListener(kind, (e) => seen.push([kind, e.isTrusted, e.key ?? null]));
      </script>"""
    await page.open(site.page("/", html))
    await page.click_at(50, 15)
    await page.type_text("Aé 1 日本")
    await page.press("Enter")
    assert await page.evaluate("() => document.querySelector('#a').value") == "Aé 1 日本"
    seen = await page.evaluate("() => seen")
    assert seen[0] == ["click", True, None]
    assert ["keydown", True, "A"] in seen
    assert seen[-1] == ["keydown", True, "Enter"]


async def test_a_picture_of_the_page_has_its_size(page: ChromiumPage, site: Site) -> None:
    await page.open(site.page("/", "<body style='background:red'>"))
    picture = await page.screenshot()
    assert picture.startswith(b"\x89PNG")
    assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (1280, 720)


async def test_the_text_is_cut(page: ChromiumPage, site: Site) -> None:
    await page.open(site.page("/", "<p>" + "word " * 5000))
    assert len(await page.text(limit=100)) == 100
    assert await page.evaluate("() => { document.body.remove() }") is None
    assert await page.text() == ""


@pytest.mark.parametrize("question", ["alert('x')", "confirm('x')", "prompt('x')"])
async def test_a_question_does_not_stop_the_page(page: ChromiumPage, site: Site, question: str) -> None:
    await page.open(site.page("/", "<p>x"))
    expected = {"a": None, "c": False, "p": None}[question[0]]
    assert await page.evaluate(f"() => {question}") == expected


@pytest.mark.parametrize("tab_capture", [False, True], ids=["shell", "whole"])
@pytest.mark.parametrize(
    "request_of_page",
    [
        "print()",
        "document.querySelector('input').click()",
        "location.href = 'zoommtg://join'",
        "navigator.mediaDevices.getUserMedia({audio: true}).catch(() => 0)",
        "Notification.requestPermission()",
        "navigator.geolocation.getCurrentPosition(() => 0)",
        "document.documentElement.requestFullscreen().catch(() => 0)",
        "showOpenFilePicker().catch(() => 0)",
        "navigator.credentials.get({publicKey: {challenge: new Uint8Array(16)}}).catch(() => 0)",
        "moveTo(0, 0), resizeTo(100, 100)",
        "while (Math.random() < 0.99) alert('again')",
    ],
)
async def test_nothing_that_asks_a_person_stops_the_page(
    launch: Launch, site: Site, request_of_page: str, tab_capture: bool
) -> None:
    page = await (await launch(BrowserOptions(tab_capture=tab_capture))).new_page()
    await page.open(site.page("/", "<input type=file>x"))
    await page.evaluate(f"() => {{ setTimeout(() => {{ {request_of_page} }}, 0) }}")
    await page.evaluate("() => new Promise((done) => setTimeout(done, 300))", timeout_s=10)
    assert len(await page.screenshot()) > 100
    assert await page.evaluate("() => [innerWidth, location.protocol]") == [1280, "http:"]
    assert not page.failure.done()


async def test_a_page_that_begs_us_to_stay_is_left(page: ChromiumPage, site: Site) -> None:
    script = "addEventListener('beforeunload', (e) => { e.preventDefault(); e.returnValue = 'stay' })"
    await page.open(site.page("/", f"<script>{script}</script>"))
    await page.click_at(5, 5)
    site.page("/next", "<p>next")
    await page.open(f"{site.url}/next", timeout_s=5)
    assert await page.text() == "next"


async def test_windows_that_a_page_opens_are_closed(page: ChromiumPage, browser: ChromiumBrowser, site: Site) -> None:
    site.page("/popup", "<p>popup")
    await page.open(site.page("/", "<p>x"))
    await page.evaluate("() => { window.popups = [open('/popup'), open('/popup', '_blank', 'width=100,height=100')] }")
    await until(lambda: page.evaluate("() => popups.every((popup) => !popup || popup.closed)"))
    assert not page.failure.done()
    second = await browser.new_page()
    assert await second.evaluate("() => 1") == 1


async def test_nothing_is_downloaded(page: ChromiumPage, site: Site, tmp_path: Any) -> None:
    site.page("/file", "data", content_type="application/octet-stream")
    await page.open(site.page("/", "<a id=a download=secret-name.bin href=/file>x</a>"))
    await page.evaluate("() => document.querySelector('#a').click()")
    await until(lambda: "/file" in site.asked)
    assert await page.evaluate("() => 1") == 1
    assert not list(tmp_path.rglob("secret-name*"))


async def test_permissions_are_granted_without_a_question(launch: Launch, site: Site) -> None:
    page = await (await launch(BrowserOptions(grants=("audioCapture", "notifications")))).new_page()
    await page.open(site.page("/", "<p>x"))
    query = "async (name) => (await navigator.permissions.query({name})).state"
    assert await page.evaluate(query, "microphone") == "granted"
    assert await page.evaluate(query, "notifications") == "granted"
    assert await page.evaluate(query, "geolocation") != "granted"


async def test_an_origin_can_be_called_secure(launch: Launch, site: Site) -> None:
    name = f"http://meeting.example.test:{site.port}"
    options = BrowserOptions(secure_origins=(name,), flags=("--host-resolver-rules=MAP *.test 127.0.0.1",))
    page = await (await launch(options)).new_page()
    site.page("/", "<p>x")
    await page.open(f"{name}/")
    assert await page.evaluate("() => [isSecureContext, 'mediaDevices' in navigator]") == [True, True]


async def test_two_pages_at_once_do_not_mix(browser: ChromiumBrowser, site: Site) -> None:
    pages = [await browser.new_page(), await browser.new_page()]
    told: list[list[Any]] = [[], []]
    for page, got in zip(pages, told, strict=True):
        await page.bind("tell", got.append)
    site.page("/", "<script>tell(location.search)</script>")
    await asyncio.gather(*(page.open(f"{site.url}/?{i}") for i, page in enumerate(pages)))
    await until(lambda: all(told))
    assert told == [["?0"], ["?1"]]
    frames = (
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(document.visibilityState))))"
    )
    assert await asyncio.gather(*(page.evaluate(frames) for page in pages)) == ["visible", "visible"]
    await pages[0].close()
    assert await pages[1].evaluate("() => innerWidth") == 1280


async def test_the_browser_speaks_english_whatever_the_machine_speaks(
    launch: Launch, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de")
    page = await (await launch()).new_page()
    await page.open(site.page("/", "<p>x"))
    assert await page.evaluate("() => [navigator.language, new Intl.NumberFormat().format(1.5)]") == ["en-US", "1.5"]


async def test_what_a_page_logs_is_not_kept(page: ChromiumPage, site: Site) -> None:
    """Objects that a page logs are free for its garbage collector once the console has been forgotten."""
    html = """<script>window.freed = 0;
      const registry = new FinalizationRegistry(() => { freed++ });
      for (let i = 0; i < 50; i++) {
        const big = {data: Array(9999).fill(i)}; registry.register(big, i); console.log(big) }</script>"""
    await page.open(site.page("/", html))
    page._frames.forget_console()
    await page._session.send("HeapProfiler.collectGarbage")
    async with asyncio.timeout(5):
        while await page.evaluate("() => freed") != 50:
            await page._session.send("HeapProfiler.collectGarbage")
