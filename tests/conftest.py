"""What all tests may ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.store import Store, StoreConfig
from tests import services


@pytest.fixture(scope="session")
def postgresql() -> Iterator[services.Postgres]:
    """PostgreSQL, for the whole run."""
    with services.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql: services.Postgres) -> str:
    """A database with our tables, to be copied: quicker than migrating for each test."""
    name = postgresql.new_database()

    async def migrate() -> None:
        await (await Store.open(StoreConfig(postgresql.url(name)))).close()

    asyncio.run(migrate())
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the test's own, once SQLite and once PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'rollcall.db'}"
    return str(request.getfixturevalue("new_postgresql_url")())


@pytest.fixture
def new_postgresql_url(postgresql: services.Postgres, postgresql_template: str) -> Callable[[], str]:
    """Makes databases of the test's own with our tables in them."""
    return lambda: postgresql.url(postgresql.new_database(postgresql_template))
