"""What a database's errors say is logged, so they say nothing of what people are called, said or opened: on both databases."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import structlog
from sqlalchemy import Integer, cast, insert, select, text
from sqlalchemy.exc import DBAPIError

from server.rpc.status import status_of
from server.store.batch import Batch
from server.store.discretion import hush
from server.store.tables import PROJECT
from server.store.writer import Op
from tests.unit.server.store.story import Story

MARKER = "Ada-Lovelace-4711"
ROW: dict[str, Any] = {"id": "proj_0000000000000001", "name": MARKER, "created_us": 1, "last_position": 0, "own_limits": "{}"}


class Statement(Op[None]):
    """Executes something as an operation would."""

    def __init__(self, *statements: Any) -> None:
        self._statements = statements

    def run(self, batch: Batch) -> None:
        for statement in self._statements:
            result = batch.connection.execute(statement)
            if result.returns_rows:
                result.all()


SAME_NAME = Statement(insert(PROJECT).values(ROW), insert(PROJECT).values(ROW | {"id": "proj_0000000000000002"}))
NO_NAME = Statement(insert(PROJECT).values(ROW | {"name": None, "own_limits": MARKER}))
"""PostgreSQL shows the whole row that it refuses."""
NO_NUMBER = {"sqlite": text(f"SELECT CAST(X'{MARKER.encode().hex()}FF' AS TEXT)"), "postgresql": select(cast(MARKER, Integer))}
"""A value that cannot be read: SQLite's is no text, for it reads anything as a number."""


async def logged(story: Story, op: Statement) -> str:
    """All that is logged of the operation's failure: by the writer, and by the call that gets its error, with the traceback."""
    with structlog.testing.capture_logs() as logs:
        with pytest.raises(DBAPIError) as failed:
            await story.store._writer.submit(op)
        status_of(failed.value)
    assert [one["event"] for one in logs] == ["operation_failed", "internal_error"]
    return repr(logs) + "".join(traceback.format_exception(logs[1]["exc_info"]))


@pytest.mark.parametrize("op", [SAME_NAME, NO_NAME], ids=["same name", "no name"])
async def test_a_broken_constraint_shows_no_row(story: Story, op: Statement) -> None:
    said = await logged(story, op)
    assert MARKER not in said
    assert re.search(
        r"(UNIQUE|NOT NULL) constraint failed: project.name|table project, co(lumn name|nstraint uq_project_name)", said
    )


async def test_a_value_that_cannot_be_read_is_not_quoted(story: Story, database_url: str) -> None:
    said = await logged(story, Statement(NO_NUMBER[database_url.partition(":")[0]]))
    assert MARKER not in said
    assert re.search(r"code 22P02|OperationalError", said)


def test_an_error_that_no_engine_has_seen_is_hushed_too(new_postgresql_url: Callable[[], str]) -> None:
    with psycopg.connect(new_postgresql_url()) as connection, pytest.raises(psycopg.Error) as failed:
        connection.execute("SELECT CAST(%s AS integer)", [MARKER])
    assert MARKER in str(failed.value)
    hush(failed.value)
    assert str(failed.value) == "code 22P02"
    of_a_connection = psycopg.OperationalError(f"connection to {MARKER} failed")
    hush(of_a_connection)
    assert str(of_a_connection) == "no code, as of a connection"
