"""Pages of lists: opaque cursors, and the reading that is the same for all of them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, tuple_

from server.domain.errors import InvalidCursor
from server.store.records import Page
from server.store.texts import is_id

T = TypeVar("T")
Key = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class PageCursor:
    """A place in a list: the page lies after, or before, the row with this key."""

    key: Key
    backward: bool = False

    def text(self) -> str:
        """What the caller keeps."""
        data = json.dumps(["b" if self.backward else "f", *self.key], separators=(",", ":"))
        return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str | None, kinds: tuple[type, ...]) -> PageCursor | None:
        """The place, its key having these types. Raises InvalidCursor."""
        if not text:
            return None
        try:
            values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            direction, *key = values
        except (ValueError, TypeError, binascii.Error, RecursionError) as error:
            raise InvalidCursor from error
        if direction not in {"f", "b"} or len(key) != len(kinds):
            raise InvalidCursor
        if not all(_fits(value, kind) for value, kind in zip(key, kinds, strict=True)):
            raise InvalidCursor
        return cls(tuple(key), direction == "b")


def _fits(value: object, kind: type) -> bool:
    """Whether a database can compare the value: cursors come back from outside."""
    if isinstance(value, int) and not isinstance(value, bool):
        return kind is int and -(2**63) <= value < 2**63
    return kind is str and isinstance(value, str) and is_id(value)


def read_page(
    connection: Connection,
    statement: Select[Any],
    columns: Sequence[ColumnElement[Any]],
    cursor: PageCursor | None,
    limit: int,
    *,
    key: Callable[[Any], Key],
    item: Callable[[Any], T],
    newest_first: bool = False,
) -> Page[T]:
    """One page of `statement`'s rows, ordered by `columns` (descending if `newest_first`), whose values in a row `key` gives; one
    statement.

    One row more than the page is read, to know whether there is another page on that side.
    """
    place = tuple_(*columns) if len(columns) > 1 else columns[0]
    backward = cursor is not None and cursor.backward
    if cursor is not None:
        at: Any = tuple_(*cursor.key) if len(columns) > 1 else cursor.key[0]
        statement = statement.where(place < at if backward != newest_first else place > at)
    order = [column.desc() if backward != newest_first else column for column in columns]
    rows = list(connection.execute(statement.order_by(*order).limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    if backward:
        rows.reverse()
    has_next = more if not backward else True
    has_previous = more if backward else cursor is not None
    return Page(
        results=tuple(item(row) for row in rows),
        next=PageCursor(key(rows[-1])).text() if rows and has_next else None,
        previous=PageCursor(key(rows[0]), backward=True).text() if rows and has_previous else None,
    )
