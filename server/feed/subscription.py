"""One watcher's way through the log: replay and live are the same code."""

from __future__ import annotations

from dataclasses import dataclass

from server.store import StoredEvent


@dataclass(frozen=True, slots=True)
class FeedItem:
    """What a watcher gets next: an event, or (event None) a bookmark. `position` is where to resume after: the sequence for one
    bot, the position for a project. `caught_up` (bookmarks): everything stored so far has been sent."""

    position: int
    event: StoredEvent | None = None
    caught_up: bool = False
