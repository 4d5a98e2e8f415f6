"""Workers and worklets of pages run: Chromium holds each up until somebody lets it go."""

from __future__ import annotations

import pytest

from agents.browser.page import ChromiumPage
from tests.browser.browser.conftest import until
from tests.browser.browser.site import Site

pytestmark = pytest.mark.browser

SAYS = "new Promise((done) => setTimeout(() => done('nothing'), 8000))"
WAYS = {
    "a worker": """const worker = new Worker(text("postMessage('ran')"));
        return new Promise((done) => { worker.onmessage = (event) => done(event.data); });""",
    "a worker of a worker": """const inner = text("postMessage('ran')");
        const worker = new Worker(text(`new Worker('${inner}').onmessage = (event) => postMessage(event.data)`));
        return new Promise((done) => { worker.onmessage = (event) => done(event.data); });""",
    "a shared worker": """const worker = new SharedWorker(text("onconnect = (event) => event.ports[0].postMessage('ran')"));
        return new Promise((done) => { worker.port.onmessage = (event) => done(event.data); });""",
    "an audio worklet": """const context = new AudioContext();
        await context.audioWorklet.addModule(text(
          "registerProcessor('p', class extends AudioWorkletProcessor { process() {} })"));
        new AudioWorkletNode(context, 'p');
        return 'ran';""",
    "a service worker": """await navigator.serviceWorker.register('/service.js', { scope: '/' });
        await navigator.serviceWorker.ready;
        return 'ran';""",
}


def script(way: str) -> str:
    return f"""async () => {{
      const text = (source) => URL.createObjectURL(new Blob([source], {{ type: 'text/javascript' }}));
      return Promise.race([(async () => {{ {WAYS[way]} }})(), {SAYS}]);
    }}"""


@pytest.mark.parametrize("way", WAYS)
async def test_it_runs(page: ChromiumPage, site: Site, way: str) -> None:
    site.page("/service.js", "self.addEventListener('fetch', () => {});", content_type="text/javascript")
    await page.open(site.page("/", "<p>here</p>"))
    assert await page.evaluate(script(way), timeout_s=12) == "ran"


async def test_it_runs_in_a_frame_of_another_site(page: ChromiumPage, site: Site) -> None:
    site.page("/frame", "<p>inside</p>")
    await page.open(site.page("/", f"<iframe src='{site.other_url}/frame'></iframe>"))

    async def both() -> bool:
        return await page.evaluate_in_frames("() => document.body.innerText.length < 10") == [True, True]

    await until(both)
    assert await page.evaluate_in_frames(script("a worker"), timeout_s=12) == ["ran", "ran"]
