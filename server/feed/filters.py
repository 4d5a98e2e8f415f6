"""Which events a watcher of a project wants to see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rollcall.v1 import event_pb2
from server.store import StoredEvent


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
        if self.states and (event.kind != event_pb2.EVENT_KIND_STATE or event.state not in self.states):
            return False
        return not self.metadata or self._has_metadata(event.metadata_json)

    def _has_metadata(self, metadata_json: str | None) -> bool:
        if metadata_json is None:
            return False
        metadata = json.loads(metadata_json)
        return all(metadata.get(key) == value for key, value in self.metadata.items())
