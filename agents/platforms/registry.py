"""Finds the adapter of a platform: the built-in ones, and the users' files, which come first."""

from __future__ import annotations

import contextlib
from pathlib import Path

import structlog

from agents.platforms.adapter import DeclarativeAdapter
from agents.platforms.file_reader import BUILT_IN, ENDING, PlatformFileError, check, load
from agents.platforms.platform_file import PlatformFile

log = structlog.get_logger(__name__)

MAX_FILES = 1000
STRAY = frozenset({".toml", ".yaml", ".yml", ".json"})
"""Endings, in any case, of files that somebody took for platform files."""


class PlatformUnknownError(Exception):
    """No adapter has that name; the text says which there are. Raised by `find`."""


class Registry:
    """The platforms of one worker. Files are read anew when they change, so that a new one needs no restart."""

    def __init__(self, platforms_dir: Path | None = None, *, built_in: Path = BUILT_IN) -> None:
        self._platforms_dir = platforms_dir
        self._built_in = built_in
        self._read: dict[Path, tuple[int, DeclarativeAdapter | PlatformFileError]] = {}

    def find(self, name: str) -> DeclarativeAdapter:
        """The adapter of that name. Raises PlatformUnknownError, and PlatformFileError where its file cannot be used."""
        paths = self.files()
        for path in paths:  # the server knows a user's file by its file name
            if path.stem == name:
                found = self._adapter(path)
                if isinstance(found, PlatformFileError):
                    raise found
                return found
        for path in paths:
            found = self._adapter(path)
            if isinstance(found, DeclarativeAdapter) and found.name == name:
                return found
            if isinstance(found, PlatformFileError) and path.parent.name == name:
                raise found
        raise PlatformUnknownError(f"no platform is named {name!r}; known are: {', '.join(self.names()) or 'none'}")

    def names(self) -> list[str]:
        """The names of all platforms whose files can be used."""
        return [one.name for one in self.platforms()]

    def platforms(self) -> list[PlatformFile]:
        """The platforms whose files can be used, each once, as `find` finds them."""
        adapters = [self._adapter(path) for path in self.files()]
        names = sorted({one.name for one in adapters if isinstance(one, DeclarativeAdapter)})
        found = []
        for name in names:
            with contextlib.suppress(PlatformFileError):  # a user's broken file hides the built-in one of its name
                found.append(self.find(name).file)
        return found

    def files(self) -> list[Path]:
        """All files, the users' first."""
        return [*self._user_files(), *self._built_in_files()]

    def problems(self) -> list[PlatformFileError]:
        """The files that cannot be used, also those that look like platform files by another format's name."""
        adapters = (self._adapter(path) for path in self.files())
        strays = (PlatformFileError(check(path)) for path in self.strays())
        return [*(one for one in adapters if isinstance(one, PlatformFileError)), *strays]

    def _user_files(self) -> list[Path]:
        if self._platforms_dir is None or not self._platforms_dir.is_dir():
            return []
        return sorted(self._platforms_dir.glob(f"*{ENDING}"))[:MAX_FILES]

    def strays(self) -> list[Path]:
        """Files beside the users' that no bot is sent by, for they have another format or a name that is written otherwise."""
        if self._platforms_dir is None or not self._platforms_dir.is_dir():
            return []
        return sorted(path for path in self._platforms_dir.iterdir() if path.suffix.lower() in STRAY and path.suffix != ENDING)

    def _built_in_files(self) -> list[Path]:
        return sorted(self._built_in.glob("*/platform.toml"))

    def _adapter(self, path: Path) -> DeclarativeAdapter | PlatformFileError:
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            changed = 0
        known = self._read.get(path)
        if known is not None and known[0] == changed:
            return known[1]
        result: DeclarativeAdapter | PlatformFileError
        try:
            result = DeclarativeAdapter(load(path))
        except PlatformFileError as error:
            log.warning("platform.file_unusable", file=str(path), problems=len(error.problems))
            result = error
        self._read[path] = (changed, result)
        return result
