"""Servers for contract tests, on databases that have our tables already (tests/conftest.py).

The gateway's tests use `running` too, and put its face before `running.server.transport`.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from rollcall.transport import Transport
from tests.contract.harness import Running, running_server
from tests.contract.rest import Face, face
from tests.services import Databases


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


@pytest.fixture(scope="module")
def modules_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Gives a database of a kind with our tables in it, for all tests of a module."""

    def give(kind: str) -> str:
        if kind == "postgresql":
            databases: Databases = request.getfixturevalue("empty_databases")
            name = databases.take()
            request.addfinalizer(lambda: databases.give_back(name))
            return databases.url(name)
        path = tmp_path_factory.mktemp("database") / "rollcall.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"

    return give


@pytest_asyncio.fixture(params=["in_process-sqlite", "split-postgresql"], scope="module", loop_scope="module")
async def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, modules_database_url: Callable[[str], str]
) -> AsyncIterator[Face]:
    """The HTTP face before a server, in its process and apart from it, for all tests of a module (whose loop is the module's).

    Each face has one kind of database; what was recorded of the API is run on both (tests/contract/test_rest_recorded.py).
    """
    kind, _, database = request.param.partition("-")
    async with face(kind, tmp_path_factory.mktemp("rest"), modules_database_url(database)) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def client(served: Face) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key of a project where nothing is yet."""
    async with await served.project() as one:
        yield one
