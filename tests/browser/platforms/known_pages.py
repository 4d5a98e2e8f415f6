# ruff: noqa: E501 -- pages in one piece
"""What the known platforms show, as a few elements a state. By hand, from what docs/platforms.md says is known; no platform's own page."""

from __future__ import annotations

from agents.platforms.base import UiState

MEET_TOOLBAR = '<button aria-label="Leave call">x</button><button aria-label="Turn off microphone">m</button>'
MEET_OWN_TILE = '<div data-participant-id="p0"><span data-self-name="You">Bot</span></div>'
MEET_TILE = '<div data-participant-id="p1"><span class="notranslate">Ada</span></div>'
ZOOM_TOOLBAR = '<div id="wc-footer"><button aria-label="Leave">x</button></div>'
ZOOM_TILE = '<div class="video-avatar__avatar"><div class="video-avatar__avatar-footer">Ada</div></div>'
TEAMS_TOOLBAR = '<button id="callingButtons-showMoreBtn">…</button><button id="hangup-button">Leave</button>'
TEAMS_TILE = '<div data-cid="calling-participant-stream" data-participant-id="1"><span data-tid="participant-display-name">Ada</span></div>'


def p(text: str) -> str:
    return f"<p>{text}</p>"


MEET_MORE = '<button aria-label="Turn on captions">c</button><button aria-label="People">p</button><button aria-label="Chat with everyone">t</button>'
ZOOM_OWN_TILE = '<div class="video-avatar__avatar"><div class="video-avatar__avatar-footer">Bot</div></div>'
TEAMS_MORE = '<button id="roster-button">People</button><button id="chat-button">Chat</button>'
TEAMS_OWN_TILE = '<div data-tid="modern-stage-wrapper"><div data-cid="calling-participant-stream"><span data-tid="participant-display-name">Bot</span></div></div>'
ZOOM_COUNTED = '<div id="wc-footer"><button aria-label="Leave">x</button><button aria-label="open the participants list pane,[{}] particpants">p</button></div>'
STRANGE = {
    "google_meet": MEET_TOOLBAR + MEET_MORE + MEET_OWN_TILE + p("Hang tight"),
    "zoom": ZOOM_COUNTED.format(0) + ZOOM_OWN_TILE + p("Hang tight"),
    "teams": TEAMS_TOOLBAR + TEAMS_MORE + TEAMS_OWN_TILE + p("Hang tight"),
}
"""All that stands in a meeting but its people, in words that nobody knows."""
LISTS = {
    "google_meet": '<div role=listitem data-participant-id="p0"><span class="notranslate">Bot</span></div>',
    "zoom": '<ul><li class="participants-li"><span class="participants-item__display-name">Bot</span></li></ul>',
    "teams": '<ul role=tree><li role=treeitem data-cid="roster-participant">Bot</li></ul>',
}
RENEWED = {
    "google_meet": "<div role=listitem><span>Bot</span> <span>(You)</span></div>",
    "zoom": "<div role=listbox><div role=option aria-label='Bot (me), computer audio muted'>&nbsp;</div></div>",
    "teams": "<ul><li><span>Bot</span>, <span>You</span></li></ul>",
}
"""The bot in the list, in rows that the files do not describe."""
OTHERS_ROWS = "<ul><li>Robot</li><li>Bottom line: everybody who waits here is let in by the host of the meeting, one after the other, and Bot too</li></ul>"
"""Rows that bear other names, and words that are none."""
ALONE = {
    "google_meet": STRANGE["google_meet"] + p("You’re the only one here"),
    "zoom": ZOOM_COUNTED.format(1) + ZOOM_OWN_TILE,
    "teams": STRANGE["teams"] + p("Waiting for others to join…"),
}
"""A meeting without a list that could be opened, and in which the client says that the bot is alone there."""
MEET_EFFECTS = [
    '<div data-participant-id="p0"><i class="google-symbols notranslate" aria-hidden="true">visual_effects</i></div>',
    '<div data-participant-id="p0" aria-label="Backgrounds and effects">x</div>',
]
"""What Google Meet shows of one's own effects, in the lobby, too."""
OPENS = {"google_meet": "[aria-label=People]", "zoom": '[aria-label^="open the participants"]', "teams": "#roster-button"}
TOOLBARS = {"google_meet": MEET_TOOLBAR, "zoom": ZOOM_TOOLBAR, "teams": TEAMS_TOOLBAR}
INSIDE = {
    "google_meet": MEET_TOOLBAR + MEET_OWN_TILE + MEET_TILE,
    "zoom": ZOOM_TOOLBAR + ZOOM_TILE,
    "teams": TEAMS_TOOLBAR + TEAMS_TILE,
}

BEFORE: dict[str, list[tuple[UiState, str]]] = {
    "google_meet": [
        (UiState.NAME_ASKED, '<input type=text aria-label="Your name"><button>Ask to join</button>'),
        (UiState.PRE_JOIN, "<button><span>Jetzt teilnehmen</span></button>"),
        (UiState.LOBBY, MEET_TOOLBAR + p("Asking to be let in…") + "<button>Return to home screen</button>"),
        (UiState.LOBBY, MEET_TOOLBAR + p("You’ll join the call when someone lets you in") + MEET_TILE),
        (UiState.LOBBY, MEET_TOOLBAR + p("参加をリクエストしています")),
        (UiState.HOST_ABSENT, p("Waiting for the host to join")),
        (UiState.DENIED, p("Someone in the call denied your request to join")),
        (UiState.LOBBY_GAVE_UP, p("No one responded to your request to join the call")),
        (UiState.NOT_FOUND, p("Check your meeting code")),
        (UiState.LOGIN_REQUIRED, "<h1>Sign in</h1>" + p("Use your Google Account")),
        (UiState.CAPTCHA, p("I'm not a robot")),
        (UiState.BLOCKED, p("You can’t join this video call") + "<button>Return to home screen</button>"),
        (UiState.FULL, p("This video call is full")),
    ],
    "zoom": [
        (UiState.NAME_ASKED, '<input id="input-for-name"><button class="preview-join-button" disabled>Join</button>'),
        (UiState.PRE_JOIN, '<button id="joinBtn">Join</button>'),
        (UiState.LOBBY, ZOOM_TOOLBAR + p("Please wait, the meeting host will let you in soon.")),
        (UiState.HOST_ABSENT, "<script>document.title = 'Error - Zoom'</script>" + p("This meeting link is invalid (3,001)")),
        (UiState.HOST_ABSENT, p("Waiting for the host to start the meeting")),
        (UiState.NOT_FOUND, p("Invalid meeting ID. Please try again.")),
        (UiState.WRONG_PASSCODE, '<input id="input-for-pwd">' + p("Passcode wrong. Please try again.")),
        (UiState.LOGIN_REQUIRED, p("The host requires authentication on the commercial Zoom platform")),
        (UiState.LOGIN_REQUIRED, '<button class="login-btn-zoom">Sign in</button>'),
        (UiState.CAPTCHA, "<button>Check Captcha</button>"),
        (UiState.BLOCKED, p("The host has disabled access to Zoom from the browser")),
        (UiState.FULL, p("This meeting has reached its capacity")),
    ],
    "teams": [
        (
            UiState.NAME_ASKED,
            '<input data-tid="prejoin-display-name-input"><button data-tid="prejoin-join-button">Join now</button>',
        ),
        (UiState.PRE_JOIN, "<button>Continue on this browser</button>"),
        (UiState.LOBBY, '<button id="hangup-button">x</button>' + p("Someone will let you in shortly")),
        (UiState.LOBBY, TEAMS_TOOLBAR + p("Someone will let you in soon")),
        (UiState.HOST_ABSENT, p("When the meeting starts, we’ll let people know you’re waiting.")),
        (UiState.DENIED, p("Sorry, but you were denied access to the meeting.")),
        (UiState.NOT_FOUND, p("Looks like the meeting URL is incorrect.")),
        (UiState.LOGIN_REQUIRED, "<input name=loginfmt>"),
        (UiState.CAPTCHA, p("Verify you’re a real person")),
        (UiState.ENCRYPTED, '<div data-tid="calling-e2ee-end-screen">This call is encrypted</div>'),
        (UiState.FULL, p("This meeting is full")),
    ],
}

AFTER: dict[str, list[tuple[UiState, str]]] = {
    "google_meet": [
        (UiState.PAGE_LOST, p("You lost your network connection. Trying to reconnect.")),
        (UiState.REMOVED, p("You’ve been removed from the meeting")),
        (UiState.ENDED, p("Your host ended the meeting for everyone")),
    ],
    "zoom": [
        (UiState.REMOVED, '<div class="zm-modal-body-title">You have been removed from this meeting</div>'),
        (UiState.ENDED, '<div class="zm-modal-body-title">This meeting has been ended by host</div>'),
    ],
    "teams": [
        (UiState.REMOVED, '<h1 id="calling-retry-screen-title">You’ve been removed from this meeting</h1>'),
        (UiState.ENDED, '<h1 id="calling-retry-screen-title">The meeting has ended</h1>'),
    ],
}

NO_END = {
    "google_meet": "<div role=alert>Bob was removed from the meeting</div><div role=alert>Your microphone is off</div><button>Return to home screen</button>",
    "zoom": '<div role=alert>Bob has left the meeting</div><div class="zm-modal-body-title">Your recording has ended</div>',
    "teams": "<div role=alert>Bob was removed from this meeting</div><div role=alert>Recording has ended</div>",
}
