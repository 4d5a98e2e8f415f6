"""The command line, and the one place that puts processes together."""

from __future__ import annotations

import os


def main() -> None:
    """The command `rollcall`."""
    # gRPC's fork handlers would complain at every ffmpeg and Chromium that is started; children only ever exec here.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    from rollcall.cli import open_files
    from rollcall.cli.app import main as run

    open_files.allow_many()
    run()
