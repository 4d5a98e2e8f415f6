"""Finishes deletions: the log is redacted, the media folder emptied, the database's files scrubbed. Safe with many servers."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import structlog

from server.domain.errors import DatabaseAway
from server.regularly import Regularly
from server.store import Store

_log = structlog.get_logger(__name__)


class Purger:
    """Purges at once when it is asked to, and looks every second for what somebody did not finish.

    media_dir: the folder that workers write to; a bot's own is `<media_dir>/<bot id>`.
    """

    def __init__(self, store: Store, media_dir: Path, *, every_s: float = 1.0) -> None:
        self._store = store
        self._media_dir = media_dir
        self._regularly = Regularly("purge", self.sweep, every_s)

    async def start(self) -> None:
        """Begins to look."""
        await self._regularly.start()

    async def stop(self) -> None:
        """Ends; what is not finished is noted, and done after the next start."""
        await self._regularly.stop()

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
        """A round for each bot that is due; a fault in one is logged, and keeps no other waiting. Raises DatabaseAway."""
        for bot_id in await self._store.purges.due():
            try:
                await self.purge(bot_id)
            except DatabaseAway:
                raise
            except Exception:  # noqa: BLE001 - logged whole; it is tried again later
                _log.exception("purge_failed", bot_id=bot_id)
                await self._store.purges.end_round(bot_id, done=False)

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
