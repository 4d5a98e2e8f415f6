"""All rooms of this process. They live in memory: the rehearsal is for trying things out, and wants one gateway process."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

from gateway.rehearsal.limits import RehearsalSettings
from gateway.rehearsal.room import Room

ROOM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TICK_SECONDS = 0.5


class TooManyRoomsError(Exception):
    """Raised when one more room would be beyond the limit; the text says which."""


class Rooms:
    """Finds and makes rooms, and forgets the empty ones."""

    def __init__(self, settings: RehearsalSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self.clock = clock
        self._rooms: dict[str, Room] = {}
        self._task: asyncio.Task[None] | None = None

    def get(self, name: str) -> Room | None:
        """The room, if it exists."""
        self.forget_empty()
        return self._rooms.get(name)

    def get_or_make(self, name: str) -> Room:
        """The room, made when it is not there, and kept a while longer. Raises TooManyRoomsError.

        `name` has been checked with ROOM_NAME. Whoever comes for it keeps it: a visitor whose page never loads never opens it,
        and would find another room, without its rules, at a later try.
        """
        room = self.get(name)
        if room is None:
            if len(self._rooms) >= self.settings.rooms:
                raise TooManyRoomsError(f"There are {self.settings.rooms} rooms already, and no more are allowed at once.")
            room = self._rooms[name] = Room(name=name, settings=self.settings, clock=self.clock)
        room.empty_since = self.clock()
        self._keep_ticking()
        return room

    def forget_empty(self) -> None:
        """Drops the rooms that nobody has had open for a while."""
        now = self.clock()
        for name, room in list(self._rooms.items()):
            if not room.people and now - room.empty_since >= self.settings.empty_room_seconds:
                del self._rooms[name]

    def _keep_ticking(self) -> None:
        """One task moves time while there are rooms; it ends with the last of them, so nothing has to be stopped."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._tick())

    async def _tick(self) -> None:
        while self._rooms:
            await asyncio.sleep(TICK_SECONDS)
            for room in list(self._rooms.values()):
                room.tick()
            self.forget_empty()
