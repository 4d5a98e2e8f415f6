"""Servers for contract tests. The gateway's tests use `running` too, and put its face before `running.server.transport`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from rollcall.transport import Transport
from tests.contract.harness import Running, running_server
from tests.contract.rest import Face, face
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


@pytest_asyncio.fixture(params=["in_process-sqlite", "split-postgresql"], scope="module", loop_scope="module")
async def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Face]:
    """The HTTP face before a server, in its process and apart from it, for all tests of a module (whose loop is the module's).

    Each face has one kind of database; what was recorded of the API is run on both (tests/contract/test_rest_recorded.py).
    """
    kind, _, database = request.param.partition("-")
    server: Postgres | None = request.getfixturevalue("postgres") if database == "postgresql" else None
    async with face(kind, tmp_path_factory.mktemp("rest"), server.url(server.new_database()) if server else "") as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Face) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key of a project where nothing is yet."""
    async with await served.project() as one:
        yield one
