"""What all tests may ask for."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from server.store import Store, StoreConfig
from tests import services


def _migrate(url: str) -> None:
    async def migrate() -> None:
        await (await Store.open(StoreConfig(url))).close()

    with ThreadPoolExecutor(1) as elsewhere:  # whoever asks first may be in a loop of its own
        elsewhere.submit(asyncio.run, migrate()).result()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[services.Postgres]:
    """PostgreSQL, for the whole run."""
    with services.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def empty_databases(postgresql: services.Postgres) -> services.Databases:
    """Databases with our tables in them, emptied and used again: quicker than a new one for each test."""
    template = postgresql.new_database()
    _migrate(postgresql.url(template))
    return services.Databases(postgresql, template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with our tables in it, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "rollcall.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the test's own with our tables in it, once SQLite and once PostgreSQL."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("new_postgresql_url")())
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(request.getfixturevalue("sqlite_template"), folder)
    return f"sqlite:///{folder / 'rollcall.db'}"


@pytest.fixture
def new_postgresql_url(empty_databases: services.Databases) -> Iterator[Callable[[], str]]:
    """Gives databases of the test's own with our tables in them."""
    taken: list[str] = []

    def take() -> str:
        taken.append(empty_databases.take())
        return empty_databases.url(taken[-1])

    yield take
    for name in taken:
        empty_databases.give_back(name)
