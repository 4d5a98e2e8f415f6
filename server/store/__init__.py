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
    OwnWebhooks,
    Page,
    ParticipantRecord,
    RecordingRecord,
    StoreConfig,
    StoredEvent,
    Task,
    Wished,
)
from server.store.store import Store
from server.store.webhook_records import Attempt, DeliveryRecord, Line, LineWork, Parcel, SecretRecord, Settled, WebhookRecord

__all__ = [
    "Attempt",
    "Attention",
    "AuditAction",
    "AuditRecord",
    "BotChange",
    "BotFilter",
    "BotRecord",
    "CommandRecord",
    "DeliveryRecord",
    "EventFilter",
    "KeyAccess",
    "KeyRecord",
    "Lease",
    "Line",
    "LineWork",
    "LogBounds",
    "NewBot",
    "Once",
    "Outcome",
    "OwnWebhooks",
    "Page",
    "Parcel",
    "ParticipantRecord",
    "ProjectRecord",
    "RecordingRecord",
    "RequestKey",
    "SecretRecord",
    "Settled",
    "Store",
    "StoreConfig",
    "StoredEvent",
    "Task",
    "WebhookRecord",
    "Wished",
]
