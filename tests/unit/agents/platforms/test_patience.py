from __future__ import annotations

import pytest

from agents.browser.errors import LoadFailure, PageLoadError
from agents.browser.fakes import FakePage
from agents.platforms.adapter import DeclarativeAdapter
from agents.platforms.base import JoinRequest, Listeners
from agents.platforms.declarative import FIRST_OPEN_SECONDS
from agents.platforms.file_reader import read_text
from tests.unit.agents.platforms.paper_page import MATCH


class PageThatNeverLoads(FakePage):
    """Says how long it was waited for."""

    waited: float = 0.0

    async def open(self, url: str, *, timeout_s: float = 30.0) -> None:
        self.waited = timeout_s
        raise PageLoadError(LoadFailure.TIMEOUT, url)


@pytest.mark.parametrize(
    ("attempt", "limit_s", "waited_s"),
    [(1, 45, FIRST_OPEN_SECONDS), (2, 45, 2 * FIRST_OPEN_SECONDS), (3, 45, 45), (500, 300, 300), (1, 5, 5)],
)
async def test_a_page_that_never_loads_is_waited_for_longer_each_time_and_never_longer_than_its_file_says(
    attempt: int, limit_s: float, waited_s: float
) -> None:
    file = read_text(f'{MATCH}[evidence]\nin_meeting = ["#in"]\n[url]\ntimeout_seconds = {limit_s}\n')
    attendance = DeclarativeAdapter(file).attend()
    page = PageThatNeverLoads()
    await attendance.prepare(page, Listeners(*([lambda *_: None] * 5)))
    with pytest.raises(PageLoadError):
        await attendance.enter(JoinRequest("https://meet.example.org/1", "Bot", attempt))
    assert page.waited == waited_s
