"""Starts Peer Calls, a meeting written by others, on loopback.

`python -m tools.meetings.peercalls` prints a room's URL.
"""

from __future__ import annotations

from tools.meetings.npm import FOLDERS, NpmMeeting

MEETING = NpmMeeting(FOLDERS / "peercalls", "peer-calls", "/call/room")

if __name__ == "__main__":
    MEETING.serve()
