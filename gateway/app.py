"""The whole HTTP face as one ASGI app."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gateway import pages
from gateway.api import Api
from gateway.http import SECURITY
from gateway.media import PREFIX, Media
from gateway.openapi import document
from gateway.outer import dressed
from gateway.ready import is_ready
from gateway.settings import GatewaySettings
from rollcall.transport import Transport

OPENAPI_PATH = "/api/v1/openapi.json"
_SECURITY = {name.decode(): value.decode() for name, value in SECURITY}


class Gateway:
    """`/api/` and `/media/` go straight to their apps; pages, health and the rehearsal go through Starlette."""

    def __init__(self, transport: Transport, settings: GatewaySettings) -> None:
        """Compiles everything from the contract: takes some 50 ms."""
        self.settings = settings
        self._draining = asyncio.Event()
        self._api = Api(transport, settings, self._draining)
        self._media = Media(transport)
        self._pages = Starlette(
            routes=[*self._own_routes(transport), *pages.routes(), *_rehearsal(settings)],
            exception_handlers={404: _not_found, 405: _not_allowed},
        )
        self._pages.router.redirect_slashes = False
        self._app = dressed(self._route, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, one WebSocket, or the process's start and stop."""
        await self._app(scope, receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith("/api/") and path != OPENAPI_PATH:
                await self._api(scope, receive, send)
                return
            if path.startswith(PREFIX):
                await self._media(scope, receive, send)
                return
        await self._pages(scope, receive, send)

    def drain(self) -> None:
        """Ends event streams with an error that says to connect again: call it when the process is about to stop."""
        self._draining.set()

    def _own_routes(self, transport: Transport) -> list[BaseRoute]:
        openapi = document(self._api.routes)

        async def healthz(_request: Request) -> Response:
            return JSONResponse({"status": "ok"}, headers=_SECURITY)

        async def readyz(_request: Request) -> Response:
            if self._draining.is_set() or not await is_ready(transport, self._api.routes):
                return JSONResponse({"status": "not ready"}, status_code=503, headers={**_SECURITY, "Retry-After": "1"})
            return JSONResponse({"status": "ready"}, headers=_SECURITY)

        async def openapi_json(_request: Request) -> Response:
            return JSONResponse(openapi, headers={**_SECURITY, "Cache-Control": "no-cache"})

        return [Route("/healthz", healthz), Route("/readyz", readyz), Route(OPENAPI_PATH, openapi_json)]


def create_app(transport: Transport, settings: GatewaySettings) -> Gateway:
    """The ASGI app over a transport: in process or gRPC, it is the same app."""
    return Gateway(transport, settings)


def _rehearsal(settings: GatewaySettings) -> Sequence[BaseRoute]:
    """The meeting in the box, where it is part of the installation."""
    if importlib.util.find_spec("gateway.rehearsal") is None:
        return []
    module: Any = importlib.import_module("gateway.rehearsal")
    routes: Callable[[GatewaySettings], Sequence[BaseRoute]] = module.routes
    return routes(settings)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "Not found"}, status_code=404, headers=_SECURITY)


async def _not_allowed(request: Request, error: Exception) -> Response:
    headers = {**_SECURITY, **(getattr(error, "headers", None) or {})}
    return JSONResponse({"detail": f'Method "{request.method}" not allowed.'}, status_code=405, headers=headers)
