from __future__ import annotations

import pytest

from server.domain.errors import InvalidCursor
from server.feed import START, format_cursor, parse_cursor


@pytest.mark.parametrize("position", [0, 1, 35, 36, 1295, 10**12, 2**63 - 1])
def test_a_cursor_leads_back_to_its_position(position: int) -> None:
    assert parse_cursor(format_cursor(position)) == position


def test_the_start_has_a_name() -> None:
    assert format_cursor(0) == START == "start"


@pytest.mark.parametrize(
    "text", ["", "c", "c0", "c01", "x1", "C1", "cA", "c-1", "c 1", "c1 ", "czzzzzzzzzzzzz", "c" + "1" * 99, "c٣"]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        parse_cursor(text)
