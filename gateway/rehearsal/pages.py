"""The pages and files a browser asks for, and the pages that never finish loading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse

from gateway.rehearsal.actions import LONGEST_SECONDS
from gateway.rehearsal.room import Room, new_room_name
from gateway.rehearsal.rooms import ROOM_NAME, Rooms, TooManyRoomsError

STATIC = Path(__file__).parent / "static"
FILES = {path.name: path for path in STATIC.iterdir() if path.suffix in {".js", ".css", ".svg"}}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; media-src 'self' blob: mediastream:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
}
SLOWEST_LOAD_SECONDS = 600.0


def _hangs(room: Room) -> bool:
    """Whether this visitor is one of those whose page never loads; counts them."""
    left = room.rules.never_load
    if left > 0:
        room.rules.never_load = left - 1
    return left != 0


async def _until_gone(request: Request, seconds: float) -> None:
    """Waits until the visitor gives up, at most `seconds`."""
    waited = 0.0
    while waited < seconds and not await request.is_disconnected():
        await asyncio.sleep(0.25)
        waited += 0.25


async def _half_a_page() -> AsyncIterator[bytes]:
    """A document that starts and never ends. Something is sent each second, so that a visitor who left is noticed."""
    yield b"<!doctype html><title>Loading</title><body data-view=loading>"
    waited = 0.0
    while waited < SLOWEST_LOAD_SECONDS:
        await asyncio.sleep(1)
        waited += 1
        yield b" "


async def room_page(request: Request, rooms: Rooms) -> Response:
    """`/rehearsal/{room}`: the meeting. Makes the room."""
    name = request.path_params["room"]
    if not ROOM_NAME.fullmatch(name):
        return PlainTextResponse("A room's name is 1 to 64 letters, digits, dots, dashes or underscores.", 404, headers=HEADERS)
    try:
        room = rooms.get_or_make(name)
    except TooManyRoomsError as error:
        return PlainTextResponse(str(error), 503, headers=HEADERS)
    if _hangs(room):
        if room.rules.never_load_part == "document":
            return StreamingResponse(_half_a_page(), media_type="text/html", headers=HEADERS)
        await _until_gone(request, SLOWEST_LOAD_SECONDS)
        return PlainTextResponse("", 504, headers=HEADERS)
    return FileResponse(STATIC / "room.html", media_type="text/html", headers=HEADERS)


async def control_page(request: Request) -> Response:
    """`/rehearsal/{room}/control` in a browser."""
    if not ROOM_NAME.fullmatch(request.path_params["room"]):
        return PlainTextResponse("There is no such room.", 404, headers=HEADERS)
    return FileResponse(STATIC / "control.html", media_type="text/html", headers=HEADERS)


async def static_file(request: Request) -> Response:
    """`/rehearsal/_static/{name}`: only the files that lie there, by exact name."""
    path = FILES.get(request.path_params["name"])
    if path is None:
        return PlainTextResponse("There is no such file.", 404, headers=HEADERS)
    return FileResponse(path, headers={**HEADERS, "Cache-Control": "no-cache"})


async def hold(request: Request) -> Response:
    """`/rehearsal/_hold?seconds=n`: answers after that time. A frozen page waits for it, which costs no processor time."""
    try:
        seconds = float(request.query_params.get("seconds", "0"))
    except ValueError:
        seconds = 0.0
    await _until_gone(request, min(max(seconds, 0.0), LONGEST_SECONDS))
    return Response(status_code=204, headers=HEADERS)


async def any_room(_request: Request) -> Response:
    """`/rehearsal`: takes a visitor to a new room."""
    return RedirectResponse(f"/rehearsal/{new_room_name()}", 303, headers=HEADERS)
