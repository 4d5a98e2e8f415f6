"""Two servers that make bots of one project at the very same time."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from server.domain.errors import QuotaExceeded
from server.store import writer
from server.store.engines import make_engine
from server.store.records import StoreConfig
from tests.unit.server.store.story import opened

WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = :database")
DATABASE = text("SELECT oid FROM pg_database WHERE datname = current_database()")


async def test_a_server_that_counts_waits_for_one_that_has_counted_and_not_committed(
    new_postgresql_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_postgresql_url()
    flush, counted, go_on = writer.flush, threading.Event(), threading.Event()
    async with opened(url) as one, opened(url) as two:

        def slow_flush(batch: Any, server_id: str, *more: Any) -> Any:
            if server_id == one.store._server_id and not counted.is_set():
                counted.set()
                assert go_on.wait(60)
            return flush(batch, server_id, *more)

        monkeypatch.setattr(writer, "flush", slow_flush)
        bot = dataclasses.replace(one.new_bot(), most_active=1)
        first = asyncio.ensure_future(one.store.create_bot(bot))
        assert await asyncio.to_thread(counted.wait, 60)
        second = asyncio.ensure_future(two.store.create_bot(bot))
        engine = make_engine(StoreConfig(url), writes=False)
        with engine.connect() as connection:
            database = {"database": connection.execute(DATABASE).scalar_one()}
            async with asyncio.timeout(60):
                while not second.done() and not connection.execute(WAITING, database).scalar_one():  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.01)
        engine.dispose()
        go_on.set()
        await first
        with pytest.raises(QuotaExceeded):
            await second
        assert await one.store.projects.count_active_bots(one.project_id) == 1
