"""Which events a reader of the log wants, in Python for what is sent and in SQL for what is read in pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, false, text

from rollcall.v1 import event_pb2
from server.store.records import StoredEvent
from server.store.tables import EVENT

_NUL: Final = "\x00"
_STATE: Final = event_pb2.EVENT_KIND_STATE
# PostgreSQL's jsonb cannot hold U+0000, which JSON as text can: such metadata matches nothing, rather than failing the list.
_POSTGRESQL: Final = (
    "CASE WHEN bot.metadata_json IS NULL OR strpos(bot.metadata_json, '\\u0000') > 0 THEN FALSE"
    " ELSE CAST(bot.metadata_json AS jsonb) @> CAST(:metadata_wanted AS jsonb) END"
)
_SQLITE: Final = (
    "NOT EXISTS (SELECT 1 FROM json_each(:metadata_wanted) AS wanted WHERE NOT EXISTS"
    " (SELECT 1 FROM json_each(bot.metadata_json) AS has WHERE has.key = wanted.key AND has.value = wanted.value))"
)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """All conditions must hold; an empty one always does.

    `kinds`: values of EventKind. `states`: only state events that lead to one of these (words of BotState); other kinds are
    hidden by it. `bot_ids`: only these bots. `metadata`: only bots whose metadata has all of these.
    """

    kinds: frozenset[int] = frozenset()
    states: frozenset[str] = frozenset()
    bot_ids: frozenset[str] = frozenset()
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def shows(self, event: StoredEvent) -> bool:
        """Whether the event is wanted."""
        if self.kinds and event.kind not in self.kinds:
            return False
        if self.bot_ids and event.bot_id not in self.bot_ids:
            return False
        if self.states and (event.kind != _STATE or event.state not in self.states):
            return False
        return not self.metadata or self.metadata.items() <= event.metadata().items()

    def narrow(self, statement: Select[Any], dialect: str) -> Select[Any]:
        """The statement, which reads events joined with their bots, for wanted events only."""
        if self.kinds:
            statement = statement.where(EVENT.c.kind.in_(sorted(self.kinds)))
        if self.states:
            statement = statement.where(EVENT.c.kind == _STATE, EVENT.c.state.in_(sorted(self.states)))
        if self.bot_ids:
            statement = statement.where(EVENT.c.bot_id.in_(sorted(one for one in self.bot_ids if _NUL not in one)))
        return statement.where(has_metadata(self.metadata, dialect)) if self.metadata else statement


def has_metadata(wanted: Mapping[str, str], dialect: str) -> ColumnElement[bool]:
    """That the bot of a row has all of these in its metadata."""
    if any(_NUL in word for pair in wanted.items() for word in pair):
        return false()
    condition: Any = text(_POSTGRESQL if dialect == "postgresql" else _SQLITE)
    bound: ColumnElement[bool] = condition.bindparams(metadata_wanted=json.dumps(dict(wanted), ensure_ascii=False))
    return bound
