"""Chromium's command line."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from agents.browser.api import BrowserOptions

ALWAYS = (
    # Quiet: nothing but the meeting talks to the network.
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-client-side-phishing-detection",
    "--disable-domain-reliability",
    "--disable-field-trial-config",
    "--metrics-recording-only",
    # Never asks a person, who is not there.
    "--password-store=basic",
    "--use-mock-keychain",
    "--disable-prompt-on-repost",
    "--disable-hang-monitor",
    "--autoplay-policy=no-user-gesture-required",
    # A tab that nobody looks at runs as fast as one that somebody does.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # Every machine shows the same: texts in English, no scroll bars, sRGB, one pixel a pixel.
    "--lang=en-US",
    "--accept-lang=en-US,en",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--force-device-scale-factor=1",
    # Frames of other sites live in the page's own process: less memory, and one session sees them all.
    "--disable-site-isolation-trials",
    # A QUIC connection hangs for seconds where a firewall drops UDP to port 443.
    "--disable-quic",
    # Meetings on this very machine: the bundled one, and a user's own tests.
    "--allow-loopback-in-peer-connection",
)

DISABLED_FEATURES = frozenset(
    {
        "IsolateOrigins",
        "site-per-process",
        "Translate",
        "MediaRouter",
        "DialMediaRouteProvider",
        "OptimizationHints",
        "AutofillServerCommunication",
        "InterestFeedContentSuggestions",
        "CalculateNativeWinOcclusion",
        "GlobalMediaControls",
        # Pages of the address bar, which nobody sees, in a renderer of their own: 60 MB.
        "WebUIOmniboxPopup",
        "WebUIOmniboxAimPopup",
        "WebUIOmniboxFullPopup",
        # http:// in a meeting's URL means http://.
        "HttpsUpgrades",
        # A restored or prerendered page is another target, which nobody watches.
        "BackForwardCache",
        "Prerender2",
        # Candidates as xyz.local need multicast, which containers do not have; a bot has no address to hide.
        "WebRtcHideLocalIpsWithMdns",
    }
)

WINDOW_FRAME_HEIGHT = 143
"""Pixels that tab strip and tool bar take from a window of the whole browser (Chromium 156)."""
SHARING_BAR_HEIGHT = 57
"""Pixels that the bar "is being shared" takes besides while a tab is captured; the page is that much taller before."""

SMALL_SHARED_MEMORY_BYTES = 512 * 1024 * 1024
"""Docker gives 64 MB at /dev/shm; a page with video tiles then dies."""


def command_line(options: BrowserOptions, *, headless_shell: bool, profile: Path) -> list[str]:
    """All arguments after the program's name. A switch in `options` replaces ours of the same name; features are united."""
    switches = [
        *ALWAYS,
        *_by_machine(),
        *(() if headless_shell else ("--headless=new",)),
        # Whoever records the tab's sound needs it; nobody else wants to hear a meeting from the machine's speakers.
        *(() if options.tab_capture else ("--mute-audio",)),
        f"--window-size={options.width},{window_height(options, headless_shell=headless_shell)}",
        *options.flags,
    ]
    if options.secure_origins:
        switches.append(f"--unsafely-treat-insecure-origin-as-secure={','.join(options.secure_origins)}")
    merged = merge(switches, disabled=DISABLED_FEATURES | options.disabled_features, enabled=options.enabled_features)
    return [*merged, f"--user-data-dir={profile}", "--remote-debugging-port=0", "--remote-debugging-pipe", "about:blank"]


def window_height(options: BrowserOptions, *, headless_shell: bool) -> int:
    """The window's height in pixels, so that the page has the height asked for; while it is captured, if it is to be."""
    if headless_shell:
        return options.height
    return options.height + WINDOW_FRAME_HEIGHT + (SHARING_BAR_HEIGHT if options.tab_capture else 0)


def merge(switches: Iterable[str], *, disabled: Iterable[str], enabled: Iterable[str]) -> list[str]:
    """One switch a name, the last one given, as Chromium would take it; feature lists united, enabled winning over disabled."""
    last: dict[str, str] = {}
    enabled, disabled = set(enabled), set(disabled)
    for switch in switches:
        name, _, value = switch.partition("=")
        if name == "--enable-features":
            enabled.update(filter(None, value.split(",")))
        elif name == "--disable-features":
            disabled.update(filter(None, value.split(",")))
        else:
            last[name] = switch
    if enabled:
        last["--enable-features"] = f"--enable-features={','.join(sorted(enabled))}"
    if disabled - enabled:
        last["--disable-features"] = f"--disable-features={','.join(sorted(disabled - enabled))}"
    return list(last.values())


def runs_without_sandbox() -> bool:
    """Chromium refuses to start as root with its sandbox."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and sys.platform.startswith("linux")


def _by_machine() -> Iterable[str]:
    if runs_without_sandbox():
        yield "--no-sandbox"
    if not sys.platform.startswith("linux"):
        return
    # A graphics process of its own costs 5-10 MB where no graphics card is there (267 against 271-276 MB).
    yield "--in-process-gpu"
    try:
        if shutil.disk_usage("/dev/shm").free < SMALL_SHARED_MEMORY_BYTES:  # noqa: S108 -- Chromium's choice of folder, not ours
            yield "--disable-dev-shm-usage"
    except OSError:
        yield "--disable-dev-shm-usage"
