"""What a Python user imports: the typed client and the contract's stubs in `rollcall.v1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rollcall.client import AsyncClient as AsyncClient
    from rollcall.client import Client as Client

__all__ = ["AsyncClient", "Client"]


def __getattr__(name: str) -> Any:
    """The clients, loaded when they are asked for: the server and the agents import this package without them."""
    if name in __all__:
        from rollcall import client

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
