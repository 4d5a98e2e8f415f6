"""Pages for people: the landing page and the reference. Own HTML, CSS and scripts; nothing is fetched from elsewhere."""

from __future__ import annotations

from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def routes() -> list[BaseRoute]:
    """`/`, `/docs` and what they are made of."""
    return [
        _file("/", "landing.html"),
        _file("/docs", "docs.html"),
        _file("/console/console.css", "console.css"),
        _file("/console/docs.js", "docs.js"),
        _file("/console/landing.js", "landing.js"),
        _file("/favicon.svg", "favicon.svg"),
    ]


def _file(path: str, name: str) -> Route:
    content = resources.files("gateway").joinpath("console", name).read_bytes()
    media_type = _TYPES[name.rpartition(".")[2]]

    async def serve(_request: Request) -> Response:
        return Response(content, media_type=media_type, headers=_HEADERS)

    return Route(path, serve)
