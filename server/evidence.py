"""Drops what pages showed to bots that failed there, once it was kept long enough. Safe with many servers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from server.clock import Clock, SystemClock
from server.regularly import Regularly
from server.store import Store

_log = structlog.get_logger(__name__)

FOLDER: Final = "debug"
"""Within a bot's folder; agents: attendance/evidence.py."""
_HOUR_S: Final = 3600.0
_AT_ONCE: Final = 500
"""Bots whose files are looked at between two questions to the database."""
_DAY_S: Final = 86_400
_BOT: Final = re.compile(r"bot_[A-Za-z0-9]{16}")
"""What else is in the media folder is not ours to delete."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """The evidence of one bot: its files, and when each was written, in seconds since the Unix epoch."""

    bot_id: str
    files: tuple[tuple[Path, float], ...]


class EvidenceRetention:
    """Looks every hour for files older than `days`, or than the days that their bot's project has of its own (`evidence_days`).

    media_dir: the folder that workers write to; a bot's evidence is in `<media_dir>/<bot id>/debug`. A bot that is not known (any
    more) has the days of the service. How old a file is, its own time says: nothing of it stands in the database.
    """

    def __init__(self, store: Store, media_dir: Path, days: int, *, every_s: float = _HOUR_S, clock: Clock | None = None) -> None:
        self._store = store
        self._media_dir = media_dir
        self._days = days
        self._clock = clock or SystemClock()
        self._regularly = Regularly("evidence", self._work, every_s)

    async def start(self) -> None:
        """Begins to look."""
        await self._regularly.start()

    async def stop(self) -> None:
        """Ends it; what is left is as old the next time."""
        await self._regularly.stop()

    async def sweep(self) -> int:
        """Drops all that is old enough now; gives how many files that were. A file that cannot be deleted is logged and keeps no
        other from it. Raises DatabaseAway.
        """
        now_s = self._clock.now_us() / 1e6
        own = await self._store.projects.own_limit("evidence_days")
        shortest_s = now_s - min([self._days, *own.values()]) * _DAY_S
        dropped, found = 0, _find(self._media_dir, shortest_s)
        while some := await asyncio.to_thread(lambda: list(itertools.islice(found, _AT_ONCE))):
            projects = await self._store.projects.of_bots([kept.bot_id for kept in some])
            for kept in some:
                days = own.get(projects.get(kept.bot_id, ""), self._days)
                dropped += await asyncio.to_thread(_drop, kept, now_s - days * _DAY_S)
        return dropped

    async def _work(self) -> None:
        dropped = await self.sweep()
        if dropped:
            _log.info("evidence_dropped", count=dropped)


def _find(media_dir: Path, before_s: float) -> Iterator[_Kept]:
    """Bots that have evidence from before an instant. Links are followed nowhere: they could lead out of the folder."""
    with contextlib.suppress(FileNotFoundError), os.scandir(media_dir) as bots:
        for bot in bots:
            folder = Path(bot.path, FOLDER)
            if not _BOT.fullmatch(bot.name) or not bot.is_dir(follow_symlinks=False) or folder.is_symlink():
                continue
            files = _files(bot.name, folder)
            if any(written_s < before_s for _, written_s in files):
                yield _Kept(bot.name, files)


def _files(bot_id: str, folder: Path) -> tuple[tuple[Path, float], ...]:
    try:
        with os.scandir(folder) as files:
            return tuple((Path(one.path), one.stat(follow_symlinks=False).st_mtime) for one in files if not one.is_dir())
    except FileNotFoundError:  # nothing was kept, as of most bots; or another server is at it too
        return ()
    except OSError as error:
        _tell(bot_id, error)
        return ()


def _drop(kept: _Kept, before_s: float) -> int:
    """Deletes the files from before an instant, and the folder when it is empty; gives how many files there were."""
    dropped = 0
    for path, written_s in kept.files:
        if written_s >= before_s:
            continue
        try:
            path.unlink()
        except FileNotFoundError:  # another server is at it too
            continue
        except OSError as error:
            _tell(kept.bot_id, error)
            return dropped
        dropped += 1
    if dropped == len(kept.files):
        with contextlib.suppress(OSError):  # something new is in it
            kept.files[0][0].parent.rmdir()
    return dropped


def _tell(bot_id: str, error: OSError) -> None:
    _log.error("evidence_not_deleted", bot_id=bot_id, error=error.strerror or type(error).__name__)
