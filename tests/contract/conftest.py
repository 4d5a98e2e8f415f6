"""Servers for contract tests. The gateway's tests use `running` too, and put its face before `running.server.transport`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from rollcall.transport import Transport
from tests.contract.harness import Running, running_server
from tests.services import Postgres, postgresql


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for all tests; each takes a database of its own."""
    with postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that nobody else uses, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rollcall.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.new_database())


@pytest.fixture
async def running(tmp_path: Path, database_url: str) -> AsyncIterator[Running]:
    """A server on a free port, on each kind of database."""
    async with running_server(tmp_path / "data", database_url) as one:
        yield one


@pytest.fixture(params=["grpc", "local"])
def caller(request: pytest.FixtureRequest, running: Running) -> Transport:
    """Both ways to call the same server."""
    caller: Transport = getattr(running, request.param)
    return caller
