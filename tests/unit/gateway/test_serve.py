from __future__ import annotations

import socket

import httpx
import pytest

from gateway.app import Gateway
from gateway.serve import AddressError, listen, serving, split_address
from tests.unit.gateway.served import served


async def test_port_0_takes_a_free_one_and_says_which(app: Gateway) -> None:
    async with serving(app, "127.0.0.1:0") as port, httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/healthz")).json() == {"status": "ok"}


def test_a_port_that_is_taken_is_told_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(AddressError, match=f"HTTP port {port} on 127.0.0.1 is taken .* set ROLLCALL_HTTP_ADDRESS"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("address", ["nonsense", "host:", ":80x", "127.0.0.1:99999", ""])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(AddressError, match="ROLLCALL_HTTP_ADDRESS"):
        split_address(address)


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(AddressError, match="cannot listen on 192"):
        listen("192.0.2.1", 0)
    assert split_address("[::1]:80") == ("::1", 80)


async def test_the_server_does_not_say_what_it_is(app: Gateway) -> None:
    async with served(app) as client:
        assert "server" not in (await client.get("/healthz")).headers
