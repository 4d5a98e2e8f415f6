"""The command line, and the one place that puts processes together."""

from __future__ import annotations

from rollcall.cli.app import main

__all__ = ["main"]
