"""Hears from other servers that they committed events, or changed what keys open (PostgreSQL LISTEN)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Final

import psycopg
import structlog

from server.store.flush import CHANNEL
from server.store.keys import ACCESS_CHANNEL

_log = structlog.get_logger(__name__)

_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 5.0


async def listen(dsn: str, server_id: str, access_changed: Callable[[], None]) -> AsyncGenerator[frozenset[str] | None, None]:
    """Projects in which another server than `server_id` committed events; None: any may have, for we were not listening.

    `access_changed` is called when a key was revoked or a project's limits were changed, by whomever, or may have been. Never
    ends; connects again by itself.
    """
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                dsn, autocommit=True, connect_timeout=3, keepalives_idle=5, keepalives_interval=2, keepalives_count=2
            )
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                await connection.execute(f"LISTEN {ACCESS_CHANNEL}")
                pause_s = _FIRST_PAUSE_S
                access_changed()
                yield None
                async with contextlib.aclosing(connection.notifies()) as notifications:
                    async for notification in notifications:
                        if notification.channel == ACCESS_CHANNEL:
                            access_changed()
                            continue
                        sender, *project_ids = notification.payload.split(" ")
                        if sender != server_id:
                            yield None if "*" in project_ids else frozenset(project_ids)
        except (psycopg.Error, OSError) as error:
            _log.warning("log_notifications_lost", error=type(error).__name__, retry_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


async def nothing() -> AsyncGenerator[frozenset[str] | None, None]:
    """There are no other servers: waits for ever."""
    await asyncio.Event().wait()
    yield None
