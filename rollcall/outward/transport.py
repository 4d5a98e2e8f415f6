"""An httpx transport that resolves names itself, checks every address, and connects to the very address it has checked.

A name that leads to a public address now and to this machine a moment later (rebinding) gains nothing: what was checked is
what is connected to, once for each connection. The name stays what TLS and the `Host` header carry. Redirects are httpx's to
refuse (its default); proxies from the environment are not used.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import httpcore
import httpx

from rollcall.outward.addresses import Policy, refusal

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host, best first. Raises OSError where there are none."""

_RESOLVERS: Final = 64
"""Threads that look names up, made as they are needed: one that hangs is held for longer than whoever asked waits for it."""


class AddressRefusedError(httpx.ConnectError):
    """Raised when a host has an address that may not be reached. `why` in a word or two, as `private`."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The host has an address that is {why}; only public addresses may be called.")
        self.why = why


class NameUnknownError(httpx.ConnectError):
    """Raised when a host's name leads to no address."""

    def __init__(self) -> None:
        super().__init__("The host's name leads to no address.")


class GuardedTransport(httpx.AsyncHTTPTransport):
    """HTTP/1.1 to public addresses only.

    ca_file: PEM file of authorities that are trusted besides the public ones. Raises OSError and ssl.SSLError where it is none.
    connections: most at a time. resolve, backend: for tests.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        ca_file: Path | None = None,
        connections: int = 100,
        resolve: Resolve | None = None,
        backend: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        context = _tls(ca_file)
        super().__init__(verify=context, trust_env=False)
        self._names = Names()
        guarded = GuardedBackend(policy, resolve or self._names.resolve, backend or httpcore.AnyIOBackend())
        # The one thing that httpx has no parameter for; all else of its transport, as its exceptions, stays its own.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=connections // 5,
            keepalive_expiry=5.0,
            network_backend=guarded,
        )

    async def aclose(self) -> None:
        """Lets go of connections and threads."""
        await super().aclose()
        self._names.close()


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections, to checked addresses alone."""

    def __init__(self, policy: Policy, resolve: Resolve, inner: httpcore.AsyncNetworkBackend) -> None:
        self._policy = policy
        self._resolve = resolve
        self._inner = inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises AddressRefusedError, NameUnknownError, and httpcore's errors of connecting."""
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            addresses = []
        if not addresses:
            raise NameUnknownError
        if not self._policy.private:
            # All of them: a name with a public and a private address is no honest one.
            for address in addresses:
                word = refusal(address)
                if word is not None:
                    raise AddressRefusedError(word)
        failed: httpcore.NetworkError | httpcore.TimeoutException | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        assert failed is not None
        raise failed

    async def connect_unix_socket(self, path: str, timeout: float | None = None, socket_options: Any = None) -> Any:
        """Never: a URL that names a file of this machine is not one that a user may give."""
        del path, timeout, socket_options
        raise AddressRefusedError("loopback")

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await self._inner.sleep(seconds)


class Names:
    """The system's resolver, on threads of its own: names that take long to resolve keep nothing else of the process waiting."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="names")

    async def resolve(self, host: str, port: int) -> list[str]:
        """As Resolve."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)

    def close(self) -> None:
        """Lets go of the threads; one that still waits for an answer ends when that comes."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        context.load_verify_locations(cafile=str(ca_file))
    return context
