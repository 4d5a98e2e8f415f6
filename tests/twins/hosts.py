"""Which host belongs to which platform, and the switches by which Chromium finds them all on this machine."""

from __future__ import annotations

GOOGLE_MEET, ZOOM, TEAMS, JITSI = "google_meet", "zoom", "teams", "jitsi"
PLATFORMS = (GOOGLE_MEET, ZOOM, TEAMS, JITSI)

HOSTS = {
    "meet.google.com": GOOGLE_MEET,
    "accounts.google.com": GOOGLE_MEET,
    "zoom.us": ZOOM,
    "app.zoom.us": ZOOM,
    "us05web.zoom.us": ZOOM,
    "app.zoom.com": ZOOM,  # the web client's frame where it comes from another site
    "teams.microsoft.com": TEAMS,
    "teams.live.com": TEAMS,
    "login.microsoftonline.com": TEAMS,
    "login.live.com": TEAMS,
    "meet.jit.si": JITSI,
    "calls.example.org": JITSI,  # somebody's own, which the service's settings name
    "talk.jitsi.example.net": JITSI,  # and one that a pattern there covers
}
ELSEWHERE = ("www.google.com", "newassets.hcaptcha.com")
"""Sites that the platforms' pages hold in frames: captchas."""
NAMES = (*HOSTS, *ELSEWHERE)


def switches(port: int, fingerprint: str) -> tuple[str, ...]:
    """For Chromium: the platforms' names mean this machine, the twins' authority is believed, a page may crash (lib/crash.js)."""
    rules = ",".join(f"MAP {name} 127.0.0.1:{port}" for name in NAMES)
    return (
        f"--host-resolver-rules={rules}",
        f"--ignore-certificate-errors-spki-list={fingerprint}",
        "--js-flags=--allow-natives-syntax",
    )
