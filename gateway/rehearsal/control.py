"""The control API's HTTP face: JSON in, the room's state out."""

from __future__ import annotations

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response

from gateway.rehearsal.actions import ActionError, act, state
from gateway.rehearsal.pages import HEADERS, control_page
from gateway.rehearsal.person import Message
from gateway.rehearsal.room import Room
from gateway.rehearsal.rooms import ROOM_NAME, Rooms, TooManyRoomsError

log = structlog.get_logger(__name__)

LARGEST_BODY = 65_536
KEY_LENGTH = 200


def _json(body: Message, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json", headers=HEADERS)


def _key(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() in {"token", "bearer"} and key else None


async def read_state(request: Request, rooms: Rooms) -> Response:
    """GET: the page for a browser, the state as JSON for everybody else."""
    if "text/html" in request.headers.get("accept", ""):
        return await control_page(request)
    room = rooms.get(request.path_params["room"])
    if room is None:
        return _json({"error": "There is no such room. It is made by a first visit, or by POST here."}, 404)
    if not room.is_key(_key(request)):
        return _wrong_key()
    return _json(state(room))


async def do_action(request: Request, rooms: Rooms) -> Response:
    """POST: does one action and answers with the state after it."""
    try:
        call = await _body(request)
        room = _room(request.path_params["room"], call, rooms)
        given = call.get("control_key")
        if not room.is_key(given if isinstance(given, str) else _key(request)):
            return _wrong_key()
        act(room, call)
    except ActionError as error:
        return _json({"error": str(error)}, error.status)
    log.info("rehearsal.control", room=room.name, action=call["action"])
    return _json(state(room))


async def _body(request: Request) -> Message:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        # Also what keeps other sites' pages out: a browser asks before it sends JSON across origins, and is never told yes.
        raise ActionError("Send JSON, with Content-Type: application/json.", 415)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise ActionError(f"At most {LARGEST_BODY} bytes.", 413)
    try:
        call = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ActionError("The body is not JSON.") from error
    if not isinstance(call, dict):
        raise ActionError("The body must be one JSON object.")
    return call


def _room(name: str, call: Message, rooms: Rooms) -> Room:
    """The room, made where it is not there; a key given with the call that makes it protects it from then on."""
    if not ROOM_NAME.fullmatch(name):
        raise ActionError("A room's name is 1 to 64 letters, digits, dots, dashes or underscores.", 404)
    room = rooms.get(name)
    if room is not None:
        return room
    key = call.get("control_key")
    if key is not None and not (isinstance(key, str) and 0 < len(key) <= KEY_LENGTH):
        raise ActionError(f"`control_key` must be a string of 1 to {KEY_LENGTH} characters.")
    try:
        room = rooms.get_or_make(name)
    except TooManyRoomsError as error:
        raise ActionError(str(error), 503) from error
    room.control_key = key
    return room


def _wrong_key() -> Response:
    return _json({"error": "This room has a control key. Send it as Authorization: Bearer <key>, or as `control_key`."}, 403)
