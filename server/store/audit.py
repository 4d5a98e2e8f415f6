"""The audit log of projects and keys: written in the transaction of the change, never changed afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, select

from server.domain.ids import new_id
from server.store.batch import Batch
from server.store.pages import PageCursor, read_page
from server.store.project_records import AuditAction, AuditRecord
from server.store.records import Page
from server.store.tables import AUDIT_ENTRY
from server.store.texts import is_id, storable

_ENTRY: Final = (
    AUDIT_ENTRY.c.id,
    AUDIT_ENTRY.c.created_us,
    AUDIT_ENTRY.c.actor,
    AUDIT_ENTRY.c.action,
    AUDIT_ENTRY.c.project_id,
    AUDIT_ENTRY.c.key_id,
    AUDIT_ENTRY.c.details,
)
PLACE: Final = (int, str)
"""What a cursor of the audit log holds."""


def write(
    batch: Batch, actor: str, action: AuditAction, project_id: str, *, key_id: str = "", details: Mapping[str, str] | None = None
) -> None:
    """Adds an entry to the transaction."""
    batch.connection.execute(
        AUDIT_ENTRY.insert(),
        {
            "id": new_id("aud"),
            "created_us": batch.now_us,
            "actor": storable(actor),
            "action": action.value,
            "project_id": project_id,
            "key_id": key_id,
            "details": json.dumps(dict(details or {}), ensure_ascii=False, separators=(",", ":")),
        },
    )


def read_entries(connection: Connection, project_id: str | None, cursor: PageCursor | None, limit: int) -> Page[AuditRecord]:
    """A page of the audit log, newest first."""
    statement: Any = select(*_ENTRY)
    if project_id is not None:
        # A text that no id can be finds nothing, and is not shown to a database that might refuse it.
        statement = statement.where(AUDIT_ENTRY.c.project_id == (project_id if is_id(project_id) else ""))
    return read_page(
        connection,
        statement,
        (AUDIT_ENTRY.c.created_us, AUDIT_ENTRY.c.id),
        cursor,
        limit,
        key=lambda row: (row.created_us, row.id),
        item=_record,
        newest_first=True,
    )


def _record(row: Any) -> AuditRecord:
    return AuditRecord(
        row.id, row.created_us, row.actor, AuditAction(row.action), row.project_id, row.key_id, json.loads(row.details)
    )
