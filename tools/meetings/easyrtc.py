"""Starts open-easyrtc's demos, a meeting written by others, on loopback.

`python -m tools.meetings.easyrtc` prints the room's URL.
"""

from __future__ import annotations

from tools.meetings.npm import FOLDERS, NpmMeeting

MEETING = NpmMeeting(FOLDERS / "easyrtc", "open-easyrtc", "/demos/demo_multiparty.html")

if __name__ == "__main__":
    MEETING.serve()
