"""`/api/v1`: a request over HTTP becomes one call of the contract."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import structlog
from google.protobuf.message import Message
from google.rpc import code_pb2
from starlette.types import Receive, Scope, Send

from gateway import errors, first, http, routes, sse
from gateway.dialect.complete import complete
from gateway.dialect.headers import matches_none
from gateway.dialect.parse import NotJsonError, parse_object
from gateway.dialect.problems import BadValueError, Problem, in_one_line, shape
from gateway.errors import Answer, HttpError
from gateway.ids import new_id
from gateway.paths import split
from gateway.routes import Endpoint, Route
from gateway.settings import GatewaySettings
from rollcall.transport import CallError, Metadata, Transport

_log = structlog.get_logger(__name__)
_NOT_FOUND = HttpError(404, {"error": "Not found"})


@dataclass(slots=True)
class Request:
    """One request on its way through."""

    scope: Scope
    receive: Receive
    send: Send
    headers: http.RequestHeaders
    id: str
    route: Route | None = None
    message: Message | None = None


class Api:
    """The ASGI app of `/api/v1`."""

    def __init__(self, transport: Transport, settings: GatewaySettings, draining: asyncio.Event) -> None:
        """`draining` is set when the process is about to stop: event streams end then."""
        self._transport = transport
        self._settings = settings
        self._draining = draining
        self.routes = routes.build()
        self._tree = routes.tree(self.routes)
        self._questions = {id(route): first.question(route, self.routes) for route in self.routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request; nothing but cancellation leaves here."""
        headers = dict(scope["headers"])
        request = Request(scope, receive, send, headers, http.request_id(headers))
        head = scope["method"] == "HEAD"
        try:
            answer = await self._serve(request)
        except HttpError as error:
            answer = error.answer
        except CallError as error:
            answer = self._refused(error, request)
        except Exception:  # noqa: BLE001 - the last resort: logged whole under an id, and the client learns the id alone
            error_id = new_id("err_")
            _log.exception("request_failed", error_id=error_id, request_id=request.id)
            answer = Answer(500, {"error": errors.OURS.format(error_id=error_id)})
        if answer is not None:
            await http.send_answer(send, answer, request.id, head=head)

    async def _serve(self, request: Request) -> Answer | None:
        """The answer, or None where a stream gave it already."""
        segments = split(request.scope["raw_path"])
        found = self._tree.find(segments) if segments else None
        if found is None:
            raise _NOT_FOUND
        endpoint, segments = found
        route = request.route = self._choose(endpoint, request)
        if route is None:
            return Answer(204, None, ((b"allow", endpoint.allow.encode()),))
        key = None if route.public else http.credentials(request.headers)
        metadata = http.metadata_of(key, request.id, request.headers)
        message = request.message = route.request_class()
        if not route.bind_path(message, segments):
            raise _NOT_FOUND
        try:
            _bind_headers(route, message, request)
            await self._bind(route, message, request)
        except HttpError:
            await self._tell_first(route, message, metadata)
            raise
        if route.streaming:
            await self._stream(route, message, metadata, request)
            return None
        response = await self._transport.unary(route.call, message, metadata, timeout_s=self._settings.call_timeout_seconds)
        return self._answer(route, response, request)

    def _choose(self, endpoint: Endpoint, request: Request) -> Route | None:
        """The route of the request's method, and of its `Accept` where a path is both read and followed; None for OPTIONS."""
        verb = request.scope["method"]
        verb = "GET" if verb == "HEAD" and "GET" in endpoint.unary else verb
        unary, streaming = endpoint.unary.get(verb), endpoint.streaming.get(request.scope["method"])
        if streaming is not None and (unary is None or sse.wanted(request.headers.get(b"accept", b"")) is not None):
            return streaming
        if unary is None and verb != "OPTIONS":
            allow = ((b"allow", endpoint.allow.encode()),)
            raise HttpError(405, {"detail": f'Method "{verb}" not allowed. Allowed: {endpoint.allow}.'}, allow)
        return unary

    async def _bind(self, route: Route, message: Message, request: Request) -> None:
        """Query and body into the message. Raises HttpError with everything that is wrong."""
        query = request.scope["query_string"]
        if route.query is not None and query:
            wrong = route.query.bind(message, http.parameters(query))
            if wrong:
                raise errors.query_error(wrong)
        if not route.body:
            return
        body = await http.read_body(request.headers, request.receive, self._settings.max_body_bytes)
        if body:
            http.check_content_type(request.headers)
        try:
            source = parse_object(body, most_depth=self._settings.max_body_depth)
        except NotJsonError as error:
            raise HttpError(400, {"detail": str(error)}) from None
        problems: list[Problem] = []
        route.bind_body(message, source, problems)
        if problems:
            given = message if route.body_field is None else getattr(message, route.body_field.name)
            every = complete(problems, given, source)
            raise HttpError(400, in_one_line(every) if route.plain_errors else shape(every, route.body_type, given))

    async def _tell_first(self, route: Route, message: Message, metadata: Metadata) -> None:
        """Raises CallError with what is told before what is wrong with the request."""
        about = self._questions[id(route)]
        if about is not None:
            bare = route.bare(message, about.route.request_class)
            await first.ask(self._transport, about, bare, metadata, timeout_s=self._settings.call_timeout_seconds)

    async def _stream(self, route: Route, message: Message, metadata: Metadata, request: Request) -> None:
        resume = request.headers.get(b"last-event-id")
        if resume:
            try:
                route.resume_after(message, resume.decode("latin-1"))
            except BadValueError as error:
                raise HttpError(400, {"error": f"Invalid Last-Event-ID header. {error}"}) from None
        form = sse.wanted(request.headers.get(b"accept", b"")) or sse.NDJSON
        stream = sse.Stream(route, form, request.send, request_id=request.id, keepalive_s=self._settings.keepalive_seconds)
        calls = self._transport.stream(route.call, message, metadata)
        await stream.run(calls, request.receive, self._draining)

    def _answer(self, route: Route, response: Message, request: Request) -> Answer:
        if route.empty_body:
            return Answer(route.status, None)
        shown = route.shown(response)
        if route.is_list:
            return Answer(route.status, [route.encode_message(item) for item in shown])
        headers = route.answer_headers.of(shown)
        if route.verb == "GET" and matches_none(request.headers.get(b"if-none-match"), headers):
            return Answer(304, None, headers)
        data = route.encode_message(shown)
        for name in route.page_cursors:
            if data[name] is not None:
                data[name] = self._page_url(data[name], request)
        return Answer(route.status, data, headers)

    def _page_url(self, cursor: str, request: Request) -> str:
        scope = request.scope
        kept = [(name, value) for name, value in http.parameters(scope["query_string"]) if name != routes.CURSOR]
        base = http.base_url(scope, request.headers, self._settings.link_base)
        return f"{base}{scope['raw_path'].decode('ascii')}?{urlencode([*kept, (routes.CURSOR, cursor)])}"

    def _refused(self, error: CallError, request: Request) -> Answer:
        route = request.route
        with_body = route is not None and bool(route.body) and not route.plain_errors
        in_pages = route is not None and route.has_pages
        answer = errors.answer(error.status, route=route if with_body else None, given=request.message, in_pages=in_pages)
        if answer.status >= 500:
            _log.warning("call_failed", code=code_pb2.Code.Name(error.status.code), request_id=request.id, **_call(route))
        return answer


def _bind_headers(route: Route, message: Message, request: Request) -> None:
    """Headers into the message. Raises HttpError; also for a condition that this call would not heed."""
    try:
        route.request_headers.bind(message, request.headers)
    except BadValueError as error:
        raise HttpError(400, {"error": str(error)}) from None
    if b"if-match" in request.headers and route.verb != "GET" and b"if-match" not in route.request_headers.names:
        raise HttpError(400, {"error": "If-Match is not taken here; leave it out."})


def _call(route: Route | None) -> dict[str, Any]:
    return {"call": route.call} if route is not None else {}
