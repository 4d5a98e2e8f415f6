"""Watchers for tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

from server.feed import Feed, FeedConfig, FeedItem
from server.store import Lease
from tests.unit.server.store.story import Story, moved, recorded

PATIENCE_S = 30.0
LIVELY = FeedConfig(bookmark_seconds=0.2, hidden_seconds=0.05, poll_seconds=0.2)


@contextlib.asynccontextmanager
async def feeding(story: Story, config: FeedConfig = LIVELY) -> AsyncIterator[Feed]:
    """A feed at work."""
    feed = Feed(story.store, config)
    await feed.start()
    try:
        yield feed
    finally:
        await feed.stop()


async def take(stream: AsyncGenerator[FeedItem, None], count: int) -> list[FeedItem]:
    """So many events; bookmarks are left out."""
    items: list[FeedItem] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(items) < count:
            item = await anext(stream)
            if item.event is not None:
                items.append(item)
    return items


async def bookmark(stream: AsyncGenerator[FeedItem, None]) -> FeedItem:
    """The next bookmark that says that everything was sent; what comes before it is left out."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            item = await anext(stream)
            if item.event is None and item.caught_up:
                return item


async def rest(stream: AsyncGenerator[FeedItem, None]) -> list[FeedItem]:
    """Everything to the stream's end."""
    async with asyncio.timeout(PATIENCE_S):
        return [item async for item in stream]


def sequences(items: list[FeedItem]) -> list[int]:
    """The events' numbers."""
    return [item.event.sequence for item in items if item.event is not None]


async def ended(story: Story, lease: Lease) -> None:
    """A bot in its meeting comes to its end, and is let go."""
    await story.report(lease, moved("meeting_ended"), recorded("complete"), moved("post_processing_completed"))
    await story.store.release_lease(lease.bot.id, lease.epoch)
