from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlmodel import SQLModel

from server.domain.errors import BadSetting, DatabaseAway, SchemaMismatch
from server.store import BotFilter, Store, StoreConfig, migrations
from server.store.engines import make_engine
from tests import services
from tests.unit.server.store.story import opened


async def test_a_second_process_is_told_that_the_folder_is_in_use(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/rollcall.db"
    code = f"""
import asyncio
from server.store import Store, StoreConfig
asyncio.run(Store.open(StoreConfig({url!r})))
"""
    async with opened(url):
        second = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stderr=asyncio.subprocess.PIPE, cwd=Path.cwd())
        _, complaint = await second.communicate()
        assert b"DataFolderInUse" in complaint
        assert str(tmp_path).encode() in complaint
    async with opened(url):
        pass


async def test_a_short_visit_beside_a_running_server_makes_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/rollcall.db"
    visit = StoreConfig(url, admin=True)
    first = await Store.open(visit)  # before any server ran
    await first.close()
    async with opened(url) as story:
        visitor = await Store.open(visit)
        _, secret = await visitor.projects.create_key(story.project_id)
        await visitor.close()
        assert await story.store.projects.find_key(secret)


async def test_the_tables_are_those_that_the_migrations_make(database_url: str) -> None:
    engine = make_engine(StoreConfig(database_url), writes=False)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


@pytest.fixture
def of_version_9999(database_url: str) -> Iterator[str]:
    """A database that a newer version made."""
    engine = make_engine(StoreConfig(database_url), writes=True)
    set_version = text("UPDATE alembic_version SET version_num = :version")
    with engine.begin() as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(set_version, {"version": "9999"})
    yield database_url
    with engine.begin() as connection:
        connection.execute(set_version, {"version": before})
    engine.dispose()


async def test_a_schema_of_a_newer_version_is_refused(of_version_9999: str) -> None:
    with pytest.raises(SchemaMismatch, match="9999"):
        await Store.open(StoreConfig(of_version_9999))


async def test_several_servers_may_start_at_once_on_an_empty_database(postgresql: services.Postgres) -> None:
    url = postgresql.url(postgresql.new_database())
    stores = await asyncio.gather(*(Store.open(StoreConfig(url)) for _ in range(4)))
    for store in stores:
        await store.ping()
        await store.close()


async def test_what_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="ROLLCALL_DATA_DIR"):
        await Store.open(StoreConfig(f"sqlite:///{tmp_path}/file/rollcall.db"))
    with pytest.raises(BadSetting, match="ROLLCALL_DATABASE_URL"):
        await Store.open(StoreConfig("mysql://localhost/x"))
    with pytest.raises(DatabaseAway, match="correct ROLLCALL_DATABASE_URL") as away:
        await Store.open(StoreConfig(f"postgresql://rollcall:secret@127.0.0.1:{services.free_port()}/x"))
    assert "secret" not in str(away.value)


async def test_bots_from_before_are_found_by_their_meeting(database_url: str) -> None:
    async with opened(database_url) as story:
        bots = [await story.bot(meeting_url=f"https://meet.example/{at % 3}") for at in range(3)]
    engine = make_engine(StoreConfig(database_url), writes=True)
    with engine.begin() as connection:
        command.downgrade(migrations.config(connection), "0006")
    with engine.begin() as connection:
        migrations.migrate(connection)
    engine.dispose()
    store = await Store.open(StoreConfig(database_url))
    try:
        found = await store.list_bots(bots[1].project_id, BotFilter(meeting_url="https://meet.example/1"))
        assert [bot.id for bot in found.results] == [bots[1].id]
    finally:
        await store.close()
