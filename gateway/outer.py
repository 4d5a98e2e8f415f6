"""What is put around every answer: CORS where it is wanted, and HSTS under TLS."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.settings import GatewaySettings

_ASKED = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "Last-Event-ID", "X-Request-Id")
_SHOWN = ("ETag", "Retry-After", "X-Error-Reason", "X-Request-Id")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def dressed(app: ASGIApp, settings: GatewaySettings) -> ASGIApp:
    """The app with what the settings ask for around it; the app itself where they ask for nothing."""
    if settings.cors_origins:
        # Never with credentials: keys travel in a header that only a page which knows the key can send.
        origins = sorted(settings.cors_origins)
        app = CORSMiddleware(
            app, allow_origins=origins, allow_methods=_METHODS, allow_headers=_ASKED, expose_headers=_SHOWN, max_age=600
        )
    if settings.http_tls_cert is not None and settings.hsts_seconds:
        app = _Hsts(app, settings.hsts_seconds)
    return app


class _Hsts:
    """Has browsers come by TLS alone from now on (RFC 6797)."""

    def __init__(self, app: ASGIApp, seconds: int) -> None:
        self._app = app
        self._header = (b"strict-transport-security", f"max-age={seconds}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), self._header]
            await send(message)

        await self._app(scope, receive, with_header)
