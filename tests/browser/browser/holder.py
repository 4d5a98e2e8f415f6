"""A process that holds a browser until it is killed: `python -m tests.browser.browser.holder PROFILES KIND [SCRIPT]`.

Of kind `shell` or `whole`. Prints one line of JSON when the page is there, and runs SCRIPT in it without waiting for its end.
Of kind `forgotten`, a shell, too, it outlives the loop that started its browser without closing it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

from agents.browser.api import BrowserOptions
from agents.browser.errors import PageError
from agents.browser.session import ChromiumLauncher


async def hold(profiles: Path, kind: str, script: str) -> None:
    browser = await ChromiumLauncher().launch(BrowserOptions(tab_capture=kind == "whole"), profile_parent=profiles)
    page = await browser.new_page()
    with contextlib.suppress(PageError):
        await page.evaluate(f"() => {{ {script} }}", timeout_s=0.5)
    print(json.dumps({"pid": browser.pid, "profile": str(browser.profile)}), flush=True)  # noqa: T201 -- the test reads it
    if kind != "forgotten":
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(hold(Path(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""))
    signal.pause()
