"""Meetings' links as people paste them: in text, wrapped by mail filters, escaped, and those that are nearly right."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from server.domain.meeting_url import MeetingUrlError, parse_meeting_url

MEET = "https://meet.google.com/abc-defg-hij"
ZOOM = "https://us02web.zoom.us/j/84315220467?pwd=aBc.1"
TEAMS = 'https://teams.microsoft.com/l/meetup-join/19:meeting_NjQ@thread.v2/0?context={"Tid":"t-1","Oid":"o-1"}'
TEAMS_ESCAPED = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NjQ%40thread.v2/0?context=%7b%22Tid%22%3a%22t-1%22%2c%22Oid%22%3a%22o-1%22%7d"
ZOOM_INVITATION = f"""Ada is inviting you to a scheduled Zoom meeting.

Topic: Planning
Join Zoom Meeting
{ZOOM}

Meeting ID: 843 1522 0467
Passcode: 123456
Find your local number: https://us02web.zoom.us/u/kdE"""
TEAMS_INVITATION = f"""Microsoft Teams Need help?<https://aka.ms/JoinTeamsMeeting?omkt=en-US>
Join the meeting now<{TEAMS_ESCAPED}>
Meeting ID: 219 876 543 21"""


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        (ZOOM_INVITATION, ZOOM),
        (TEAMS_INVITATION, TEAMS),
        (f"To join the video meeting, click this link: {MEET}\nOtherwise, dial +1 555 01 (https://tel.meet/abc-defg-hij)", MEET),
        ("Join at meet.google.com/abc-defg-hij, please!", MEET),
        (f"[Join]({MEET}).", MEET),
        (f'<a href="{MEET}?authuser=0&amp;hs=122">Join</a>', MEET),
        ("&lt;a href=&quot;https://meet.google.com/abc-defg-hij&quot;&gt;Join&lt;/a&gt;", MEET),
        (f"{MEET}<{MEET}>", MEET),
        (f"“{MEET}”", MEET),
        (f"'{MEET}'", MEET),
        (f"({TEAMS}).", TEAMS),
        (f"Link: *{MEET}*", MEET),
        (f"\u200b{MEET}\ufeff", MEET),
        ("https://meet.google.com/abc\u2011defg\u2011hij", MEET),
        ("https://meet.google.com/_meet/abc-defg-hij?ijlm=1", MEET),
        ("https://meet.google.com./abc-defg-hij", MEET),
    ],
)
def test_the_first_meeting_of_a_text_is_meant(pasted: str, meant: str) -> None:
    assert parse_meeting_url(pasted).url == meant


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("https://us02web.zoom.us/j/84315220467?omn=9&amp;pwd=aBc.1", ZOOM),
        ("https://us02web.zoom.us/j/84315220467?omn=9&amp;amp;pwd=aBc.1", ZOOM),
        ("https://us02web.zoom.us/j/84315220467?omn=9&#38;pwd=aBc.1", ZOOM),
        ("https://zoom.us/j/1234567890?pwd=ab+c/d==", "https://zoom.us/j/1234567890?pwd=ab%2Bc%2Fd%3D%3D"),
        ("https://zoom.us/j/1234567890?pwd=ab%2Bc%2Fd%3D%3D", "https://zoom.us/j/1234567890?pwd=ab%2Bc%2Fd%3D%3D"),
        ("https://us02web.zoom.us./j/84315220467?pwd=aBc.1", ZOOM),
        ("https://teams.live.com/meet/938?x=1&amp;p=Zz", "https://teams.live.com/meet/938?p=Zz"),
        ("zoommtg://us02web.zoom.us/join?action=join&confno=84315220467&pwd=aBc.1", ZOOM),
        ("msteams://teams.microsoft.com/l/meetup-join/19:meeting_NjQ@thread.v2/0?context=" + TEAMS.split("=")[1], TEAMS),
    ],
)
def test_no_passcode_is_lost(pasted: str, meant: str) -> None:
    assert parse_meeting_url(pasted).url == meant


@pytest.mark.parametrize("number", ["843 1522 0467", "843%201522%200467", "843-1522-0467", "843\u00a01522\u00a00467"])
def test_zooms_number_may_stand_in_groups_as_zoom_shows_it(number: str) -> None:
    assert parse_meeting_url(f"https://zoom.us/j/{number}").url == "https://zoom.us/j/84315220467"


SAFE = "https://nam12.safelinks.protection.outlook.com/"
V3 = "https://urldefense.com/v3/__"


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        (f"{SAFE}?url={quote(ZOOM, safe='')}&data=05%7C02&reserved=0", ZOOM),
        (f"{SAFE}ap/t-59584e83/?url={quote(TEAMS_ESCAPED, safe='')}&data=05", TEAMS),
        (f"{SAFE}?url={quote(ZOOM, safe='')}&amp;data=05", ZOOM),
        (
            f"https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url={quote(ZOOM, safe='')}",
            ZOOM,
        ),
        (f"https://www.google.com/url?q={MEET}&sa=D&source=calendar", MEET),
        (f"https://linkprotect.cudasvc.com/url?a={quote(MEET, safe='')}&c=E,1", MEET),
        ("https://urldefense.proofpoint.com/v2/url?u=https-3A__us02web.zoom.us_j_84315220467-3Fpwd-3DaBc.1&d=DwMF", ZOOM),
        (f"{V3}{ZOOM}__;!!abc!def$", ZOOM),
        (f"{V3}https:/us02web.zoom.us/j/84315220467?pwd=aBc.1__;!!abc!def$", ZOOM),
        (f"{V3}{TEAMS_ESCAPED.replace('%', '*')}__;JSUlJSUlJSUlJSUlJSUl!!abc!def$", TEAMS),
        (f"{V3}https://meet.google.com/abc-defg-hij?x=**C__;JSUlJQ!!abc$", MEET),
        (f"{SAFE}?url={quote(f'{V3}{ZOOM}__;!!abc!def$', safe='')}&data=05", ZOOM),
    ],
)
def test_what_a_mail_filter_wrapped_is_unwrapped(pasted: str, meant: str) -> None:
    assert parse_meeting_url(pasted).url == meant


@pytest.mark.parametrize(
    "pasted",
    [
        "https://evil.com/?u=https://meet.google.com/abc-defg-hij",
        "evil.com/?u=https://meet.google.com/abc-defg-hij",
        f"{SAFE}?url=http%3A%2F%2F169.254.169.254%2Flatest",
        f"{SAFE}?url=",
        f"https://safelinks.protection.outlook.com.evil.com/?url={MEET}",
        f"{V3}http://127.0.0.1/__;!!a",
        f"{V3}{MEET}__;%!!a",
        f"{V3}{MEET}*__;____!!a",
        "https://urldefense.com/v3/__https:/[__;!!a",
        "zoommtg://zoom.us/join?pwd=1",
    ],
)
def test_being_wrapped_gives_a_link_no_rights(pasted: str) -> None:
    with pytest.raises(MeetingUrlError):
        parse_meeting_url(pasted)


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        ("abc-defg-hij", "code, not its link"),
        ("https://meet.google.com/lookup/standup", "Nicknames"),
        ("https://g.co/meet/standup", "Nicknames"),
        ("https://tel.meet/abc-defg-hij?pin=1", "telephone"),
        ("https://acme.zoom.us/my/ada", "personal link"),
        ("https://acme.zoom.us/meeting/register/tZ0", "registering"),
        ("https://acme.zoom.us/rec/share/x", "recording"),
        ("https://acme.zoomgov.com/j/1612345678?pwd=x", "Zoom for Government"),
        ("https://zoom.com.cn/j/84315220467", "China"),
        ("https://teams.microsoft.com/meet/21987654321", "passcode is missing"),
        ("https://teams.live.com/meet/21987654321?p=", "passcode is missing"),
        ("https://gov.teams.microsoft.us/l/meetup-join/19:x@thread.v2/0", "US government"),
        ("https://bit.ly/3xYz", "does not say where it leads"),
        ("https://protect-us.mimecast.com/s/abc", "does not say where it leads"),
        ("https://jitsi.unlisted.example.org/Room", "ROLLCALL_JITSI_HOSTS"),
        ("see https://aka.ms/x and https://acme.zoom.us/my/ada", "does not say where it leads"),
        ("https://example.org/ https://acme.zoom.us/my/ada", "personal link"),
    ],
)
def test_a_link_that_is_nearly_right_is_told_what_would_be(pasted: str, says: str) -> None:
    with pytest.raises(MeetingUrlError, match=says):
        parse_meeting_url(pasted)
