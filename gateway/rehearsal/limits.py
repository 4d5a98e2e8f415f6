"""What a room bears: every bound of the rehearsal in one place, and the rate limit of one socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RehearsalSettings(BaseSettings):
    """The rehearsal's bounds. Environment: `ROLLCALL_REHEARSAL_<NAME>`; read once."""

    model_config = SettingsConfigDict(env_prefix="ROLLCALL_REHEARSAL_", frozen=True)

    rooms: int = Field(default=200, ge=1, description="Rooms that may exist at once.")
    people_per_room: int = Field(
        default=16, ge=1, description="People in one meeting; a full mesh costs each of them a connection to each other."
    )
    visitors_per_room: int = Field(
        default=100, ge=1, description="Open pages of one room, those at the door and in the lobby included."
    )
    empty_room_seconds: float = Field(
        default=60.0, ge=0, description="A room is forgotten when nobody has had it open for this long."
    )
    resume_seconds: float = Field(
        default=10.0, ge=0, description="How long the place of somebody whose connection broke is kept."
    )
    message_bytes: int = Field(default=65_536, ge=1_024, description="Largest message a page may send.")
    messages_per_second: float = Field(default=60.0, gt=0, description="Messages a page may send over time.")
    message_burst: int = Field(
        default=300, ge=1, description="Messages a page may send at once; joining a full room takes about 150."
    )
    chat_length: int = Field(default=2_000, ge=1, description="Characters of one chat message.")
    chat_kept: int = Field(default=500, ge=1, description="Chat messages a room remembers.")
    name_length: int = Field(default=255, ge=1, description="Characters of a name; longer ones are cut.")
    outbox: int = Field(default=2_000, ge=10, description="Messages waiting for one page before it is given up as too slow.")


@dataclass(slots=True)
class RateLimit:
    """A token bucket. Not thread-safe; one a socket."""

    per_second: float
    burst: int
    clock: Callable[[], float]
    _tokens: float = -1.0
    _then: float = 0.0

    def allow(self) -> bool:
        """Whether one more message is within the limit, and counts it."""
        now = self.clock()
        if self._tokens < 0:
            self._tokens, self._then = float(self.burst), now
        self._tokens = min(float(self.burst), self._tokens + (now - self._then) * self.per_second)
        self._then = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
