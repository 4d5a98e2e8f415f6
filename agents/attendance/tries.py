"""How often and for how long a bot tries to get into its meeting."""

from __future__ import annotations

import asyncio

from agents.attendance.door import Door
from agents.attendance.endings import Ending, join_failure, worth_another_try
from agents.attendance.ports import Patience
from rollcall.v1.bot_settings_pb2 import AutomaticLeaveSettings


class Tries:
    """Counts from its making on, or from the moment that the door opens.

    After `wait_for_host_to_start_meeting_timeout_seconds` nothing is tried again, and what is under way is given up: on a page
    that does not load no host is seen either. What a bot has waited in a lobby or for a host does not count: where the page fails
    then, there is time for another.
    """

    def __init__(self, patience: Patience, door: Door, rules: AutomaticLeaveSettings) -> None:
        self._loop = asyncio.get_running_loop()
        self._patience = patience
        self._door = door
        self._began = self._loop.time() + door.left_s
        self._limit_s = rules.wait_for_host_to_start_meeting_timeout_seconds or patience.join_s
        self.count = 0
        self._waited = False

    @property
    def ends_at(self) -> float:
        """When the last try is given up, by the loop's clock."""
        return self._began + self._limit_s

    def wait_for_the_door(self) -> None:
        """The next try is when the bot's time has come."""
        self.count = self._patience.join_tries

    def came_through(self) -> None:
        """The page has shown a lobby, or that the host is not there."""
        self._waited = True

    def succeeded(self) -> None:
        """The bot is in."""
        self.count = 0

    def another(self, error: Exception) -> bool:
        """Counts a try that failed; whether there is another. At the door there always is: nothing has failed before its time."""
        self.count += 1
        if self._waited:
            self._began, self._waited = self._loop.time(), False
        if not self._door.passed:
            return True
        return worth_another_try(error) and self.count < self._patience.join_tries and self._loop.time() < self.ends_at

    def before_next_s(self) -> float:
        """How long to wait. At the door there is time for a few tries; the next is when the bot's time has come."""
        if self._door.passed or self.count < self._patience.join_tries:
            return self._patience.between_tries_s
        self.count = 0
        return max(self._patience.between_tries_s, self._door.left_s)

    def ending(self, error: Exception) -> Ending:
        """What it means that the last one failed."""
        return join_failure(error, tries=self.count, seconds=max(0.0, self._loop.time() - self._began))
