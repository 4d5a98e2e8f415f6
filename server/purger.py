"""Finishes deletions: the log is redacted, the media folder emptied, the database's files scrubbed. Safe with many servers."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import structlog

from server.domain.errors import DatabaseAway
from server.store import Store
from server.tasks import end_tasks

_log = structlog.get_logger(__name__)


class Purger:
    """Purges at once when it is asked to, and looks every second for what somebody did not finish.

    media_dir: the folder that workers write to; a bot's own is `<media_dir>/<bot id>`.
    """

    def __init__(self, store: Store, media_dir: Path, *, every_s: float = 1.0) -> None:
        self._store = store
        self._media_dir = media_dir
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to look."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Ends; what is not finished is noted, and done after the next start."""
        if self._task is not None:
            await end_tasks([self._task])
            self._task = None

    async def purge(self, bot_id: str) -> None:
        """One round for a bot whose purge is noted. Raises DatabaseAway; a disk that fails is logged and tried again later."""
        while await self._store.purges.redact(bot_id):
            pass
        done = True
        if await self._store.purges.wants_media_gone(bot_id):
            done = await asyncio.to_thread(self._remove, bot_id)
        done = await self._store.purges.scrub() and done
        await self._store.purges.end_round(bot_id, done=done)

    async def sweep(self) -> None:
        """A round for each bot that is due. Raises DatabaseAway."""
        for bot_id in await self._store.purges.due():
            await self.purge(bot_id)

    def _remove(self, bot_id: str) -> bool:
        """Whether nothing is left of the bot's folder."""
        folder = self._media_dir / bot_id
        try:
            if folder.is_symlink():
                folder.unlink()
            elif folder.exists():
                shutil.rmtree(folder)
        except FileNotFoundError:  # another server is at it too
            return not folder.exists()
        except OSError as error:
            _log.error("media_not_deleted", bot_id=bot_id, error=error.strerror or type(error).__name__)
            return False
        return True

    async def _run(self) -> None:
        while True:
            try:
                await self.sweep()
            except DatabaseAway:
                _log.warning("purge_waits", reason="database away")
            except Exception as error:  # noqa: BLE001 - a fault in one sweep must not end all later ones
                _log.error("purge_failed", error=type(error).__name__)
            await asyncio.sleep(self._every_s)
