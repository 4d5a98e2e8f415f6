"""The command line, and the one place that puts processes together."""

from __future__ import annotations


def main() -> None:
    """The command `rollcall`."""
    from rollcall.cli.app import main as run

    run()
