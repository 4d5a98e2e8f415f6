"""The twins' one server: platforms' sites over TLS by host name; rehearsal rooms and the twins' control API without.

Control API, on the plain port: `POST /twins/<platform>/<code>` sets a meeting up and tells its room, with `{"scenario": "denied",
"language": "de", "variant": "b", "media": "data", "guests": [...],
"marks": false}`, of which any may be left out; `PUT` does one of the twin's own actions (director.py), as
`{"action": "guest_speaks", "name": "Ada", "text": "…"}`, and returns when it is done; `GET` tells what the site saw.
People come to `/rehearsal/<room>`, and `/rehearsal/<room>/control` is the rehearsal's own control API.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.rehearsal import pages, routes
from gateway.rehearsal.person import Message, Place
from gateway.rehearsal.socket import Connection, same_origin
from tests.twins import sites
from tests.twins.accounts import account_of, login_session
from tests.twins.director import OWN, direct
from tests.twins.hosts import ELSEWHERE, GOOGLE_MEET, HOSTS
from tests.twins.stage import RELAY, Meeting, Stage, WishError

HERE = Path(__file__).parent
SIGN_IN = "https://accounts.google.com/v3/signin/identifier"
"""Where Google sends whoever has to sign in first; Teams' client goes to the login itself."""

INSIDE = (Place.LOBBY, Place.MEETING)
"""Where people see who is there."""
TOKENS = ("zak", "tk")
"""With these in its address a client of Zoom is somebody."""


class TwinSites:
    """The HTTP face of a stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def secure(self) -> Starlette:
        """The app behind TLS."""
        return Starlette(
            routes=[
                Route("/_twin/hold", pages.hold),
                Route("/_twin/{room}/stands", self.stands, methods=["POST"]),
                Route("/_twin/{room}/{folder}/{name}.js", self.script),
                WebSocketRoute("/_twin/{room}/ws", self.socket),
                Route("/{path:path}", self.page),
            ]
        )

    def plain(self) -> Starlette:
        """The app for people and tests."""
        return Starlette(
            routes=[
                Route("/twins/{platform}/{code:path}", self.set_up, methods=["POST"]),
                Route("/twins/{platform}/{code:path}", self.play, methods=["PUT"]),
                Route("/twins/{platform}/{code:path}", self.tell, methods=["GET"]),
                Route("/_twin/{room}/{folder}/{name}.js", self.script),
                Route("/relay/{room}", self.relay),
                *routes(self.stage.rooms.settings, rooms=self.stage.rooms),
            ]
        )

    # What tests do

    async def set_up(self, request: Request) -> Response:
        """Makes a meeting anew."""
        try:
            meeting = self.stage.set_up(request.path_params["platform"], request.path_params["code"], await request.json())
        except WishError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"room": meeting.room.name})

    async def play(self, request: Request) -> Response:
        """Does something now, that a scenario does in its time."""
        meeting = self.stage.of(request.path_params["platform"], request.path_params["code"])
        call = await request.json()
        if meeting.visitor is None or call.get("action") not in OWN:
            return JSONResponse({"error": f"Nobody has come, or action is none of: {', '.join(OWN)}"}, 400)
        await OWN[call["action"]](meeting.room, meeting.visitor(), call)
        return JSONResponse({})

    async def tell(self, request: Request) -> Response:
        """What the site noticed."""
        meeting = self.stage.of(request.path_params["platform"], request.path_params["code"])
        return JSONResponse({"room": meeting.room.name, "visits": meeting.visits, "seen": meeting.seen})

    async def relay(self, request: Request) -> Response:
        """The page that gives the people's media as the platform's servers would (relay.js)."""
        meeting = self.stage.named(request.path_params["room"])
        if meeting is None:
            return JSONResponse({"error": "There is no such meeting."}, 404)
        place = sites.Place("lib", meeting.code, "relay", "Relay")
        about = {"room": meeting.room.name, "language": "en", "media": meeting.media, "relay": RELAY}
        html, _policy = sites.document(place, about)
        return HTMLResponse(html)

    # What visitors do

    async def page(self, request: Request) -> Response:
        """A platform's page, by host and path."""
        host = request.url.hostname or ""
        if host in ELSEWHERE:
            return HTMLResponse("<!doctype html><title>reCAPTCHA</title><label><input type=checkbox> I'm not a robot</label>")
        place = sites.place_of(HOSTS[host], host, request) if host in HOSTS else None
        if place is None:
            return HTMLResponse("<!doctype html><title>404</title><h1>404</h1><p>That’s an error.</p>", 404)
        meeting = self.stage.of(place.platform, place.code)
        if place.page == "sign_in" and (account := login_session(request)) is not None:
            meeting.note("passed the login")
            return self._document(replace(place, page="signing_in"), meeting, account)
        if place.page in {"sign_in", "client"}:
            return self._document(place, meeting)
        meeting.note("load", page=place.page, **{name: request.query_params.get(name) for name in TOKENS})
        return await self._first_page(place, meeting, account_of(place.platform, request))

    async def _first_page(self, place: sites.Place, meeting: Meeting, account: str | None) -> Response:
        meeting.loads += 1
        load = meeting.scenario.load
        if meeting.loads <= load.fails:
            return HTMLResponse("<!doctype html><title>Error 502</title><h1>502. That’s an error.</h1>", 502)
        if load.hangs < 0 or meeting.loads <= load.hangs:
            return StreamingResponse(_never_ends(), media_type="text/html", headers=sites.HEADERS)
        await asyncio.sleep(load.page_seconds)
        if account is None and meeting.room.rules.obstacle == "login-required" and place.platform == GOOGLE_MEET:
            return RedirectResponse(f"{SIGN_IN}?code={meeting.code}", 302, headers=sites.HEADERS)
        return self._document(place, meeting, account)

    def _document(self, place: sites.Place, meeting: Meeting, account: str | None = None) -> Response:
        about = {
            "room": meeting.room.name,
            "code": meeting.code,
            "language": meeting.language,
            "variant": meeting.variant,
            "media": meeting.media,
            "marks": meeting.marks,
            "relay": RELAY,
            "account": account,
            "host_absent": meeting.room.rules.host_absent,
            "lobby": meeting.room.rules.require_admission,
            "locked": meeting.scenario.passcode is not None,
            **meeting.scenario.page,
        }
        html, headers = sites.document(place, about)
        return HTMLResponse(html, headers=headers)

    async def script(self, request: Request) -> Response:
        """A module of a twin, or of the rehearsal's page, on which all twins stand."""
        folder, name = request.path_params["folder"], request.path_params["name"]
        path = pages.FILES.get(f"{name}.js") if folder == "rehearsal" else SCRIPTS.get((folder, name))
        if path is None:
            return Response(status_code=404)
        meeting = self.stage.named(request.path_params["room"])
        if meeting is not None and name == "page":
            await asyncio.sleep(meeting.scenario.load.script_seconds)
        return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": "no-store"})

    async def stands(self, request: Request) -> Response:
        """A page says what stands in it, and since when."""
        meeting = self.stage.named(request.path_params["room"])
        told = await request.json()
        if meeting is not None:
            meeting.note("stands", **{name: told[name] for name in ("view", "since")}, stood=told["at"])
        return Response(status_code=204)

    async def socket(self, websocket: WebSocket) -> None:
        """The signalling of a twin's page: the rehearsal's, with the scenario played to whoever is behind it."""
        meeting = self.stage.named(websocket.path_params["room"])
        if meeting is None or not same_origin(websocket):
            await websocket.close(1008)
            return
        await websocket.accept()
        connection = Visitor(websocket, meeting)
        meeting.visitor = lambda: connection.person
        returned = websocket.query_params.get("returned") == "1"
        meeting.visits += not returned
        meeting.note("returned" if returned else "visit")
        cues = () if returned else meeting.scenario.cues
        directing = asyncio.create_task(direct(meeting, lambda: connection.person, cues, meeting.visits))
        try:
            await connection.run()
        finally:
            directing.cancel()
            await asyncio.wait([directing])
            meeting.note("gone")


class Visitor(Connection):
    """The rehearsal's end of a socket, which notes what its visitor does."""

    def __init__(self, websocket: WebSocket, meeting: Meeting) -> None:
        super().__init__(websocket, meeting.room)
        self.person.signed_in = account_of(meeting.platform, websocket) is not None
        self._meeting = meeting

    def _take(self, message: Message) -> None:
        if message["type"] == "did":
            self._meeting.note(str(message.get("what")), value=message.get("value"))
        if message["type"] == "passcode":
            self._open(message.get("value"))
        super()._take(message)

    def _send(self, message: Message) -> None:
        if message["type"] == "person_changed":
            self._meeting.note("speaks", name=message["person"]["name"], on=message["person"]["speaking"])
        super()._send(message)

    def _open(self, passcode: object) -> None:
        """A right passcode opens door and lobby; a wrong one is said to be wrong."""
        right = passcode == self._meeting.scenario.passcode
        self._meeting.note("passcode", right=right)
        if not right:
            self._send({"type": "passcode_wrong"})
            return
        self._room.rules.obstacle = None
        if self.person.name and self._room.admit(self.person):
            return
        self._room.rules.require_admission = False
        if not self.person.name:
            self._room.visit(self.person)
        else:
            self._room.ask_to_join(self.person, self.person.name)

    def _on_join(self, message: Message) -> None:
        same = sum(one.name == message.get("name") for place in INSIDE for one in self._meeting.room.at(place))
        self._meeting.note("asked", microphone=message.get("mic"), camera=message.get("camera"), same_name=same)
        super()._on_join(message)

    def _on_leave(self, message: Message) -> None:
        self._meeting.note("goodbye")
        super()._on_leave(message)


async def _never_ends() -> AsyncIterator[bytes]:
    yield b"<!doctype html><title>Meet</title><body>"
    while True:
        await asyncio.sleep(1)
        yield b" "


SCRIPTS = {(path.parent.name, path.stem): path for path in HERE.glob("*/*.js")}
