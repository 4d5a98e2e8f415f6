"""The Adapter that a platform file makes; what it does in a meeting is in declarative.py."""

from __future__ import annotations

from agents.browser.api import BrowserOptions
from agents.platforms.declarative import DeclarativeAttendance
from agents.platforms.platform_file import PlatformFile


class DeclarativeAdapter:
    """An Adapter that does what a platform file says."""

    def __init__(self, file: PlatformFile) -> None:
        self.name = file.name
        self.file = file

    def browser_options(self, options: BrowserOptions) -> BrowserOptions:
        """As base.Adapter."""
        needs = self.file.browser
        own = (("audioCapture", needs.microphone), ("videoCapture", needs.camera))  # pages ask whether they would be let
        return options.merged(
            flags=(*_language_flags(needs.language), "--autoplay-policy=no-user-gesture-required", *needs.flags),
            disabled_features=needs.disabled_features,
            enabled_features=needs.enabled_features,
            secure_origins=needs.secure_origins,
            grants=(*needs.permissions, *(name for name, there in own if there)),
        )

    def attend(self) -> DeclarativeAttendance:
        """As base.Adapter."""
        return DeclarativeAttendance(self.file)


def _language_flags(language: str) -> tuple[str, str]:
    """The browser's own language, and what it asks servers for: `en-US,en`."""
    base = language.partition("-")[0]
    return f"--lang={language}", f"--accept-lang={language if base == language else f'{language},{base}'}"
