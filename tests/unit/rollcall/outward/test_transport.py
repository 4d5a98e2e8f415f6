from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpcore
import httpx
import pytest

from rollcall.outward import AddressRefusedError, GuardedTransport, NameUnknownError, Policy

PUBLIC = "93.184.215.14"


class Wire(httpcore.AsyncNetworkBackend):
    """The network of a test: notes what is connected to, and leads all of it to one server of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connected: list[str] = []
        self.dead: set[str] = set()

    async def connect_tcp(
        self, host: str, port: int, timeout: Any = None, local_address: Any = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        if host in self.dead:
            raise httpcore.ConnectError
        return await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", self.port)


class Resolver:
    """Gives one answer after the other, and the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        host = next(line for line in head.decode().split("\r\n") if line.lower().startswith("host:"))
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(host)}\r\nConnection: close\r\n\r\n{host}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield Wire(server.sockets[0].getsockname()[1])


def client(wire: Wire, resolver: Resolver, *, private: bool = False) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=GuardedTransport(Policy(private=private), resolve=resolver, backend=wire), trust_env=False)


async def test_the_checked_address_is_connected_to_and_the_name_stays_in_the_request(wire: Wire) -> None:
    async with client(wire, Resolver([PUBLIC])) as one:
        answer = await one.get("http://hooks.example.com/a")
    assert answer.text == "Host: hooks.example.com"
    assert wire.connected == [PUBLIC]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["::1"], [PUBLIC, "10.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"], ["64:ff9b::a00:1"]]
)
async def test_a_name_that_leads_inside_is_never_connected_to(wire: Wire, addresses: list[str]) -> None:
    async with client(wire, Resolver(addresses)) as one:
        with pytest.raises(AddressRefusedError):
            await one.get("http://hooks.example.com/")
    assert wire.connected == []


async def test_a_name_that_was_public_a_moment_ago_is_checked_again_at_each_connection(wire: Wire) -> None:
    resolver = Resolver([PUBLIC], ["127.0.0.1"])
    async with client(wire, resolver) as one:
        assert (await one.get("http://rebinding.example.com/")).status_code == 200
        with pytest.raises(AddressRefusedError):
            await one.get("http://rebinding.example.com/")
    assert wire.connected == [PUBLIC]
    assert len(resolver.asked) == 2, "looked up once for each connection: what is checked is what is used"


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"])
async def test_the_systems_resolver_finds_no_way_to_this_machine(wire: Wire, host: str) -> None:
    transport = GuardedTransport(Policy(), backend=wire)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as one:
        with pytest.raises(AddressRefusedError):
            await one.get(f"http://{host}/")
    assert wire.connected == []


async def test_the_next_address_is_tried_where_the_first_is_dead(wire: Wire) -> None:
    wire.dead.add("2606:4700::1111")
    async with client(wire, Resolver(["2606:4700::1111", PUBLIC])) as one:
        assert (await one.get("http://hooks.example.com/")).status_code == 200
    assert wire.connected == ["2606:4700::1111", PUBLIC]


async def test_a_name_without_addresses_and_one_whose_addresses_are_dead_say_so(wire: Wire) -> None:
    async with client(wire, Resolver([])) as one:
        with pytest.raises(NameUnknownError):
            await one.get("http://nowhere.example.com/")
    wire.dead.add(PUBLIC)
    async with client(wire, Resolver([PUBLIC])) as one:
        with pytest.raises(httpx.ConnectError):
            await one.get("http://dead.example.com/")


async def test_redirects_are_not_followed(wire: Wire) -> None:
    async with client(wire, Resolver([PUBLIC])) as one:
        assert one.follow_redirects is False


async def test_development_may_reach_this_machine(wire: Wire) -> None:
    async with client(wire, Resolver(["127.0.0.1"]), private=True) as one:
        assert (await one.get("http://localhost/")).status_code == 200


async def test_no_socket_of_this_machine_can_be_asked_for(wire: Wire) -> None:
    transport = GuardedTransport(Policy(), backend=wire)
    with pytest.raises(AddressRefusedError):
        await transport._pool._network_backend.connect_unix_socket("/run/docker.sock")
    await transport.aclose()
