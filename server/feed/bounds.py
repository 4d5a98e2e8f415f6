"""Where a reader of a log begins: what is no longer kept, or never was, is told and not passed over."""

from __future__ import annotations

from server.domain.errors import OutOfRange
from server.feed.cursor import START, format_cursor
from server.store import LogBounds


def begin_in_bot(after: int | None, bounds: LogBounds) -> int:
    """The sequence to go on after: 0 for all that is kept, None for what comes from now on. Raises OutOfRange."""
    if after is None:
        return bounds.last
    if after > bounds.last:
        raise OutOfRange(bounds.earliest, f"The bot's log ends at {bounds.last}; resume after {bounds.last} or earlier.")
    if 0 < after < bounds.earliest:
        raise OutOfRange(
            bounds.earliest,
            f"The bot's events up to {bounds.earliest} are no longer kept; resume after {bounds.earliest} or later, "
            "or after 0 for all that are kept.",
        )
    return max(after, bounds.earliest)


def begin_in_project(after: int | None, bounds: LogBounds) -> int:
    """The position to go on after: 0 for all that is kept, None for what comes from now on. Raises OutOfRange."""
    if after is None:
        return bounds.last
    earliest = format_cursor(bounds.earliest)
    if after > bounds.last:
        raise OutOfRange(
            earliest, f"The position lies beyond the end of the log; use a cursor as it was given to you, or {START}."
        )
    if 0 < after < bounds.earliest:
        raise OutOfRange(
            earliest,
            f"The events up to the cursor {earliest} are no longer kept; resume after {earliest} or later, "
            f"or with {START} for all that are kept.",
        )
    return max(after, bounds.earliest)
