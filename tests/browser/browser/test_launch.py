from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path

import pytest
import structlog.testing

from agents.browser import chromium, executables
from agents.browser.api import BrowserOptions
from agents.browser.errors import BrowserLostError, ChromiumNotFoundError, ChromiumStartError
from agents.browser.session import ChromiumLauncher
from tests.browser.browser.conftest import Launch, until
from tests.browser.browser.processes import entries
from tests.browser.browser.site import Site

pytestmark = pytest.mark.browser


async def refusal(launch: Launch, executable: Path) -> ChromiumStartError:
    with pytest.raises(ChromiumStartError) as caught:
        await launch(executable=executable)
    return caught.value


def program(folder: Path, script: str) -> Path:
    path = folder / "chromium"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


async def test_a_configured_program_that_is_not_there_is_named(launch: Launch, tmp_path: Path) -> None:
    with pytest.raises(ChromiumNotFoundError, match=r"nowhere, does not exist.*ROLLCALL_CHROMIUM"):
        await launch(executable=tmp_path / "nowhere")
    assert entries(tmp_path / "profiles") == []


async def test_no_chromium_at_all_says_how_to_get_one(launch: Launch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ChromiumNotFoundError, match="apt-get install chromium"):
        await launch()


async def test_what_chromium_printed_when_it_did_not_start_is_told(launch: Launch, tmp_path: Path) -> None:
    words = "chromium: error while loading shared libraries: libnss3.so: cannot open shared object file"
    error = await refusal(launch, program(tmp_path, f"echo '{words}' >&2; exit 127"))
    assert words in error.output
    assert "exit code 127" in str(error)
    assert "A system library is missing" in error.hint
    assert entries(tmp_path / "profiles") == []


async def test_a_chromium_that_crashes_at_its_start_is_started_once_more(launch: Launch, tmp_path: Path) -> None:
    real = executables.find(None, whole_browser=True)
    mark = tmp_path / "crashed"
    browser = await launch(executable=program(tmp_path, f'[ -e {mark} ] && exec {real} "$@"; touch {mark}; kill -SEGV $$'))
    assert await (await browser.new_page()).evaluate("() => 1") == 1


async def test_a_chromium_that_always_crashes_is_told(launch: Launch, tmp_path: Path) -> None:
    assert "exit code -11" in str(await refusal(launch, program(tmp_path, "kill -SEGV $$")))
    assert entries(tmp_path / "profiles") == []


async def test_a_program_that_cannot_run_is_told(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "chromium"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o755)
    assert "exit code" in str(await refusal(launch, path))


async def test_a_chromium_that_says_nothing_is_given_up(launch: Launch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "START_SECONDS", 0.3)
    error = await refusal(launch, program(tmp_path, "echo waiting for something >&2; sleep 60"))
    assert "did not get ready in 0.3 s" in str(error)
    assert error.output == "waiting for something"
    assert entries(tmp_path / "profiles") == []


async def test_a_chromium_that_speaks_something_else_is_given_up(launch: Launch, tmp_path: Path, unused_tcp_port: int) -> None:
    line = f"DevTools listening on ws://127.0.0.1:{unused_tcp_port}/devtools/browser/x"
    error = await refusal(launch, program(tmp_path, f"echo '{line}' >&2; sleep 60"))
    assert "did not answer" in str(error)
    assert entries(tmp_path / "profiles") == []


async def test_a_profile_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ChromiumStartError, match="No profile folder could be made"):
        await ChromiumLauncher().launch(BrowserOptions(), profile_parent=tmp_path / "file" / "profiles")


async def test_our_secrets_are_not_in_the_browsers_environment(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLCALL_WORKER_TOKEN", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    browser = await launch(BrowserOptions(extra_environment={"MEETING": "yes"}))
    environment = Path(f"/proc/{browser.pid}/environ").read_bytes()
    assert b"secret" not in environment
    assert b"MEETING=yes" in environment


async def test_the_missing_sandbox_is_said_once(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "_said", set())
    with structlog.testing.capture_logs() as logs:
        await launch()
        await launch()
    said = [entry for entry in logs if entry["event"] == "browser.without_sandbox"]
    assert len(said) == (1 if os.geteuid() == 0 else 0)


@pytest.mark.parametrize("tab_capture", [False, True], ids=["shell", "whole"])
async def test_the_process_is_what_was_asked_for(launch: Launch, tab_capture: bool) -> None:
    browser = await launch(BrowserOptions(tab_capture=tab_capture, flags=("--user-agent=Rollcall test",)))
    command = Path(f"/proc/{browser.pid}/cmdline").read_bytes()
    assert (b"--headless=new" in command) == tab_capture
    assert os.getpgid(browser.pid) == browser.pid
    page = await browser.new_page()
    assert await page.evaluate("() => navigator.userAgent") == "Rollcall test"
    assert await page.evaluate("() => innerWidth") == 1280


def test_a_browser_works_in_the_loop_of_any_thread(tmp_path: Path) -> None:
    async def use(site_text: str) -> str:
        browser = await ChromiumLauncher().launch(BrowserOptions(), profile_parent=tmp_path)
        page = await browser.new_page()
        result = await page.evaluate("(text) => text", site_text)
        await browser.close()
        return str(result)

    results: list[str] = []
    threads = [threading.Thread(target=lambda n=n: results.append(asyncio.run(use(n)))) for n in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["one", "two"]
    assert entries(tmp_path) == []


def test_a_browser_works_in_a_uvloop(tmp_path: Path) -> None:
    import uvloop

    async def use() -> None:
        browser = await ChromiumLauncher().launch(BrowserOptions(), profile_parent=tmp_path)
        page = await browser.new_page()
        assert await page.evaluate("() => 1") == 1
        await browser.close()

    uvloop.run(use())
    assert entries(tmp_path) == []


@pytest.mark.alone
async def test_launching_does_not_hold_the_loop_up(launch: Launch) -> None:
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - began)

    ticking = asyncio.create_task(tick())
    browser = await launch()
    await browser.new_page()
    ticking.cancel()
    assert longest < 0.2


async def test_a_page_in_a_dead_browser_is_a_lost_browser(launch: Launch) -> None:
    browser = await launch()
    os.kill(browser.pid, signal.SIGKILL)
    with pytest.raises(BrowserLostError):
        await browser.new_page()


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
async def test_the_page_has_the_size_that_was_asked_for(launch: Launch, site: Site, size: tuple[int, int]) -> None:
    url = site.page("/", "<p>x")
    options = BrowserOptions(width=size[0], height=size[1])
    page = await (await launch(options)).new_page()
    await page.open(url)
    assert await page.evaluate("() => [innerWidth, innerHeight]") == [*size]
    whole = await (await launch(options.merged(secure_origins=["http://meeting.test"]))).new_page()
    await whole.open(url)
    assert await whole.evaluate("() => [innerWidth, innerHeight]") == [*size]


async def test_a_captured_page_has_the_size_that_was_asked_for_while_it_is_captured(launch: Launch, site: Site) -> None:
    options = BrowserOptions(width=1280, height=720, tab_capture=True, flags=("--auto-accept-this-tab-capture",))
    page = await (await launch(options)).new_page()
    await page.open(site.page("/", "<p>x"))
    capture = "async () => { window.picture = await navigator.mediaDevices.getDisplayMedia({preferCurrentTab: true}) }"
    await page.evaluate(capture, timeout_s=10)
    await until(lambda: page.evaluate("() => innerWidth === 1280 && innerHeight === 720"))


async def test_a_shared_site_reaches_both_kinds_of_browser_alike(launch: Launch, site: Site) -> None:
    url = site.page("/", "<p>x")
    for tab_capture in (False, True):
        page = await (await launch(BrowserOptions(tab_capture=tab_capture))).new_page()
        await page.open(url)
        assert await page.text() == "x"
