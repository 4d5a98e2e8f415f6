"""The meeting in the box: a small real meeting in the browser, and a control API that makes it misbehave."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.rehearsal import control, pages
from gateway.rehearsal.limits import RehearsalSettings
from gateway.rehearsal.rooms import Rooms
from gateway.rehearsal.socket import signalling

__all__ = ["RehearsalSettings", "routes"]


def routes(settings: object = None, *, rooms: Rooms | None = None) -> list[BaseRoute]:
    """The rehearsal's routes, with rooms of their own unless `rooms` are given, which then have another face besides.

    `settings` is a RehearsalSettings, or the gateway's settings, of which an attribute `rehearsal` is taken where it is there;
    otherwise the environment is read.
    """
    found = settings if isinstance(settings, RehearsalSettings) else getattr(settings, "rehearsal", None)
    rooms = rooms or Rooms(found if isinstance(found, RehearsalSettings) else RehearsalSettings())

    async def page(request: Request) -> Response:
        return await pages.room_page(request, rooms)

    async def state(request: Request) -> Response:
        return await control.read_state(request, rooms)

    async def action(request: Request) -> Response:
        return await control.do_action(request, rooms)

    async def socket(websocket: WebSocket) -> None:
        await signalling(websocket, rooms)

    return [
        Route("/rehearsal", pages.any_room),
        Route("/rehearsal/_static/{name}", pages.static_file),
        Route("/rehearsal/_hold", pages.hold),
        Route("/rehearsal/{room}", page),
        Route("/rehearsal/{room}/control", state, methods=["GET"]),
        Route("/rehearsal/{room}/control", action, methods=["POST"]),
        WebSocketRoute("/rehearsal/{room}/ws", socket),
    ]
