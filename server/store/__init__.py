"""The only place that knows the database. Writes go through one thread with group commit; reads have their own connections.

store = await Store.open(StoreConfig(database_url="sqlite:///data/rollcall.db"))
bot = await store.create_bot(NewBot(project_id=…, bot_name=…, meeting_url=…, platform=…))
"""

from server.store.filters import EventFilter
from server.store.log import LogBounds
from server.store.once import Once, RequestKey
from server.store.project_records import AuditAction, AuditRecord, KeyAccess, KeyRecord, ProjectRecord
from server.store.records import (
    Attention,
    BotChange,
    BotFilter,
    BotRecord,
    CommandRecord,
    Lease,
    NewBot,
    Outcome,
    Page,
    ParticipantRecord,
    RecordingRecord,
    StoreConfig,
    StoredEvent,
    Task,
    Wished,
)
from server.store.store import Store

__all__ = [
    "Attention",
    "AuditAction",
    "AuditRecord",
    "BotChange",
    "BotFilter",
    "BotRecord",
    "CommandRecord",
    "EventFilter",
    "KeyAccess",
    "KeyRecord",
    "Lease",
    "LogBounds",
    "NewBot",
    "Once",
    "Outcome",
    "Page",
    "ParticipantRecord",
    "ProjectRecord",
    "RecordingRecord",
    "RequestKey",
    "Store",
    "StoreConfig",
    "StoredEvent",
    "Task",
    "Wished",
]
