"""What tests say to twins, and of bots that attend them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from tests.meetings.service import Event

T = TypeVar("T")
_numbers = itertools.count(1)
LINK = ("live", "host", "passcode")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TEAMS_CONTEXT = '{"Tid":"72f988bf-86f1-41af-91ab-2d7cd011db47","Oid":"0c2a8d0d-7a51-4f0c-9f0b-6e0b1e7d3c11"}'


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting on a twin."""

    platform: str
    code: str
    url: str
    room: str
    plain: str
    """Address of the twins' plain port."""

    @property
    def people_url(self) -> str:
        """Where people of `rollcall rehearse` come in."""
        return f"{self.plain}/rehearsal/{self.room}"

    async def state(self) -> dict[str, Any]:
        """The room, as the rehearsal's control API tells it."""
        async with _client() as client:
            return dict((await client.get(f"{self.people_url}/control")).json())

    async def play(self, action: str, **more: Any) -> None:
        """Has the twin do something now (director.py); returns when it is done."""
        async with _client() as client:
            answer = await client.put(f"{self.plain}/twins/{self.platform}/{self.code}", json={"action": action, **more})
        assert answer.is_success, answer.text

    async def act(self, action: str, **more: Any) -> None:
        """Steers the room, as by the rehearsal's control API."""
        async with _client() as client:
            answer = await client.post(f"{self.people_url}/control", json={"action": action, **more})
        assert answer.is_success, answer.text

    async def seen(self) -> list[dict[str, Any]]:
        """What the site noticed of its visitors."""
        async with _client() as client:
            return list((await client.get(f"{self.plain}/twins/{self.platform}/{self.code}")).json()["seen"])


@dataclass(frozen=True, slots=True)
class Twins:
    """The twins' server."""

    plain: str
    switches: tuple[str, ...]

    async def set_up(self, platform: str, scenario: str, **wish: Any) -> Meeting:
        """A new meeting that goes so. `wish` as in tests/twins/server.py, and what the link is like: `live=True` for
        teams.live.com; `host` in place of meet.jit.si; `passcode` of a Jitsi room.
        """
        link = {name: wish.pop(name) for name in LINK if name in wish}
        code, url = address(platform, live=link.get("live", False))
        url = url.replace("meet.jit.si", link.get("host", "meet.jit.si"))
        url += f"?pwd={quote(link['passcode'])}" if "passcode" in link else ""
        async with _client() as client:
            answer = await client.post(f"{self.plain}/twins/{platform}/{code}", json={"scenario": scenario, **wish})
        assert answer.is_success, answer.text
        return Meeting(platform, code, url, answer.json()["room"], self.plain)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=20, trust_env=False, verify=False)  # plain http: no authorities have to be read


def address(platform: str, *, live: bool = False) -> tuple[str, str]:
    """A code nobody has used, and the link that a user would paste."""
    number = next(_numbers)
    if platform == "google_meet":
        tail = "".join(LETTERS[number // 26**place % 26] for place in (2, 1, 0))
        return (code := f"twn-meet-{tail}"), f"https://meet.google.com/{code}"
    if platform == "zoom":
        return (code := f"8431522{number:04}"), f"https://us05web.zoom.us/j/{code}?pwd=c2VjcmV0"
    if platform == "teams" and live:
        return (code := f"93{number:011}"), f"https://teams.live.com/meet/{code}?p=Kd8sKq2mLx"
    if platform == "teams":
        code = f"meeting_{number:04}"
        return code, f"https://teams.microsoft.com/l/meetup-join/19%3a{code}%40thread.v2/0?context={TEAMS_CONTEXT}"
    return (code := f"twin{number}"), f"https://meet.jit.si/Twin{number}"


async def until(condition: Callable[[], Awaitable[T]], *, within_s: float = 30.0) -> T:
    """The first true answer. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not (found := await condition()):  # noqa: ASYNC110 - asked as a user would
            await asyncio.sleep(0.1)
        return found


def words(event: Event) -> str:
    """A state event as `type` or `type/sub_type`."""
    state = event["state"]
    return f"{state['type']}/{state['sub_type']}" if state.get("sub_type") else str(state["type"])


def moves(log: list[Event]) -> list[str]:
    """The state events of a log in words."""
    return [words(event) for event in log if event.get("state")]
