"""Projects, keys and the audit log as the store takes and gives them. Instants are microseconds since the Unix epoch (`*_us`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """A project: what keys and bots belong to. `own_limits` by the names of ProjectLimits."""

    id: str
    name: str
    created_us: int
    own_limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key, without the key: only a hash of it is stored."""

    id: str
    project_id: str
    name: str
    created_us: int
    expires_us: int | None
    revoked_us: int | None
    last_used_us: int | None


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """What a key's text opens."""

    key: KeyRecord
    own_limits: Mapping[str, int]


class AuditAction(StrEnum):
    """What was done to a project or key."""

    PROJECT_CREATED = "project_created"
    PROJECT_CHANGED = "project_changed"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One change: who, what, when. `key_id` is empty where the project itself was changed; `details` never hold a secret."""

    id: str
    created_us: int
    actor: str
    action: AuditAction
    project_id: str
    key_id: str
    details: Mapping[str, str]
