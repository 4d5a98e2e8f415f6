from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.server.store.story import Story, opened


@pytest.fixture
async def story(database_url: str) -> AsyncIterator[Story]:
    """A store with a project, on both databases."""
    async with opened(database_url) as story:
        yield story
