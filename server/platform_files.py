"""Which URLs belong to which platform file. The server reads only the table `match`; the rest is the workers' business."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import structlog

from server.domain.url_glob import UrlGlob, parse_glob

_log = structlog.get_logger(__name__)

Globs = dict[str, tuple[UrlGlob, ...]]
_LOOK_AGAIN_SECONDS = 1.0


class PlatformFiles:
    """The globs of a folder's `*.toml`, read again when a file changes; looks at the folder at most once a second.

    A file that cannot be read keeps its bots out, not the server down: it is logged once for each change, with what is wrong.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._looked = float("-inf")
        self._seen: dict[str, tuple[int, int]] = {}
        self._globs: Globs = {}

    def globs(self) -> Globs:
        """The globs by platform name, which is the file's name without `.toml`."""
        now = self._clock()
        if now - self._looked >= _LOOK_AGAIN_SECONDS:
            self._looked = now
            self._look()
        return self._globs

    def _look(self) -> None:
        files = sorted(self._folder.glob("*.toml")) if self._folder.is_dir() else []
        seen = {str(path): _stamp(path) for path in files}
        if seen != self._seen:
            self._seen = seen
            self._globs = {path.stem: globs for path in files if (globs := _read(path))}


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)


def _read(path: Path) -> tuple[UrlGlob, ...]:
    try:
        urls = tomllib.loads(path.read_text("utf-8-sig")).get("match", {}).get("urls", [])
        return tuple(parse_glob(url) for url in ([urls] if isinstance(urls, str) else urls))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        _log.warning("platform_file_unreadable", file=path.name, problem=str(error))
        return ()
