"""How much a project may have. The service's defaults are settings; a project may have limits of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from server.domain import defaults

MOST_METADATA_CHARACTERS: Final = 10_000
"""Metadata is part of the bot's row and of every list that shows the bot, so that no project may have more."""
POSTS_PER_MINUTE: Final = 12_000
WEBHOOKS: Final = 20
EVIDENCE_DAYS: Final = 30
"""It is kept of bots whose owners did not ask for it, so that it has an end where nobody says when."""


@dataclass(frozen=True, slots=True)
class ProjectLimits:
    """The limits that hold for a project. None: no limit."""

    active_bots: int | None = None
    """Bots that have not ended, scheduled ones included."""
    posts_per_minute: int | None = POSTS_PER_MINUTE
    """Calls that make or change something, for each server process; as many may come at once."""
    request_bytes: int | None = None
    """Bytes of one request in protobuf's binary format."""
    metadata_characters: int = defaults.METADATA_MOST_CHARACTERS
    """Characters of a bot's metadata as JSON without spaces."""
    image_bytes: int = defaults.IMAGE_MOST_BYTES
    """Bytes of a bot's image."""
    webhooks: int = WEBHOOKS
    """Webhooks of the project itself; those of a bot are limited by the contract."""
    event_days: int | None = None
    """Days for which events are kept."""
    evidence_days: int = EVIDENCE_DAYS
    """Days for which pictures and texts of pages are kept on which a bot failed."""

    def with_own(self, own: Mapping[str, int]) -> ProjectLimits:
        """These limits, a project's own in place of those that it has."""
        return replace(self, **{name: value for name, value in own.items() if name in LIMIT_NAMES}) if own else self


LIMIT_NAMES: Final = tuple(field.name for field in fields(ProjectLimits))
