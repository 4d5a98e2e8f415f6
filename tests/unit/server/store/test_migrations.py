"""What older databases hold comes through each step."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from server.store.engines import make_engine
from server.store.migrations import config, migrate
from server.store.records import StoreConfig
from tests.services import Postgres

INSERT = text("INSERT INTO project (id, name, created_us, last_position) VALUES (:id, :name, :created_us, 0)")

OLD = (("proj_b", "shop", 2), ("proj_a", "shop", 2), ("proj_c", "shop", 1), ("proj_d", "x", 3))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without a table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    server: Postgres = request.getfixturevalue("postgresql")
    return server.url(server.new_database())


def test_projects_that_had_one_name_are_told_apart_and_the_oldest_keeps_it(empty: str) -> None:
    engine = make_engine(StoreConfig(empty), writes=True)
    with engine.begin() as connection:
        command.upgrade(config(connection), "0002")
        for project_id, name, created_us in OLD:
            connection.execute(INSERT, {"id": project_id, "name": name, "created_us": created_us})
    with engine.begin() as connection:
        migrate(connection)
        found = {row.id: row.name for row in connection.execute(text("SELECT id, name FROM project"))}
    engine.dispose()
    assert found == {"proj_c": "shop", "proj_a": "shop (proj_a)", "proj_b": "shop (proj_b)", "proj_d": "x"}
