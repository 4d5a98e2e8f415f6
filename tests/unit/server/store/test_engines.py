"""What a database that cannot be used means, in words for whoever runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from server.store.engines import is_away, make_engine, why_away
from server.store.records import StoreConfig


def test_a_full_disk_is_named_and_may_pass(tmp_path: Path) -> None:
    engine = make_engine(StoreConfig(f"sqlite:///{tmp_path / 'x.db'}"), writes=True)
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        connection.execute(text("PRAGMA max_page_count = 2"))  # SQLite then says what it says on a full disk
        with pytest.raises(OperationalError) as refused:
            connection.execute(text("INSERT INTO t VALUES (zeroblob(100000))"))
    assert is_away(refused.value)
    assert "disk is full" in why_away(refused.value)
