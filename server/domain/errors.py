"""Everything that can go wrong by the rules: each error has a reason, a message for users, and facts about itself.

`server/rpc/status.py` alone turns these into a google.rpc.Status. A message is read by the user of the API: it says what the
limit is and what would be right, and never holds text of a driver, a database or an exception.
"""

# ruff: noqa: N818 - these are the domain's words, as NotFound or LeaseLost; an Error suffix on each would only be noise

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class DomainError(Exception):
    """The base of all. `reason` is the UPPER_SNAKE word of ErrorInfo, `metadata` its facts."""

    reason: str = "INTERNAL"

    def __init__(self, message: str, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.metadata: dict[str, str] = dict(metadata or {})


# -- Who asks ----------------------------------------------------------------------------------------------------------


class Unauthenticated(DomainError):
    """Raised when a call carries no key (`KEY_MISSING`), an unreadable one (`KEY_MALFORMED`) or a wrong one (`KEY_INVALID`)."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class PermissionDenied(DomainError):
    """Raised when the key is good and does not allow this."""

    reason = "PERMISSION_DENIED"


# -- What is asked -----------------------------------------------------------------------------------------------------


class Violation(NamedTuple):
    """One thing wrong with one field: `path` as `recording_settings.format` or `webhooks[0].url`; empty for the whole request."""

    path: str
    message: str


class InvalidFields(DomainError):
    """Raised when fields are wrong; carries ALL violations."""

    reason = "INVALID_FIELDS"

    def __init__(self, violations: Iterable[tuple[str, str]]) -> None:
        self.violations: list[Violation] = [Violation(path, message) for path, message in violations]
        paths = ", ".join(dict.fromkeys(violation.path or "request" for violation in self.violations))
        super().__init__(f"Invalid: {paths}")


class BadName(InvalidFields):
    """Raised at the command line, where there is one field and the message stands alone."""

    def __init__(self, problem: str) -> None:
        super().__init__([("name", problem)])
        self.args = (f"name: {problem}",)


class NotAvailable(InvalidFields):
    """Raised when a field is right by the contract and this server has nothing yet that would act on it."""

    reason = "NOT_AVAILABLE"

    def __init__(self, field: str, message: str | None = None) -> None:
        super().__init__([(field, message or "Not available on this server yet; leave it out.")])
        self.field = field


class InvalidCursor(InvalidFields):
    """Raised when a page cursor or resume position is not one that this server gave."""

    reason = "INVALID_CURSOR"

    def __init__(self, field: str = "cursor") -> None:
        super().__init__([(field, "Not a cursor of this server; use one exactly as it was given to you, or leave it out.")])


# -- What there is -----------------------------------------------------------------------------------------------------


class NotFound(DomainError):
    """Raised when a thing is not there, or belongs to another project. `kind` is a noun as `Bot`."""

    reason = "NOT_FOUND"

    def __init__(self, kind: str, message: str | None = None) -> None:
        super().__init__(message or f"{kind} not found", {"kind": kind.lower()})
        self.kind = kind


class DuplicateKey(DomainError):
    """Raised when a bot that has not ended already has this deduplication key."""

    reason = "DEDUPLICATION_KEY_IN_USE"

    def __init__(self, bot_id: str | None = None) -> None:
        super().__init__(
            "Deduplication key already in use: a bot that has not ended has it; use another key or wait until it has.",
            {"bot_id": bot_id} if bot_id else None,
        )
        self.bot_id = bot_id


class NameInUse(DomainError):
    """Raised when another thing of its kind has the name. `kind` is a noun as `Project`."""

    reason = "NAME_IN_USE"

    def __init__(self, kind: str) -> None:
        super().__init__(f"A {kind.lower()} of this name exists already; give another name.", {"kind": kind.lower()})


class OutOfRange(DomainError):
    """Raised when a resume point lies outside the retained log. `earliest` is the first position that can be resumed after."""

    reason = "OUT_OF_RANGE"

    def __init__(self, earliest: str | int, message: str | None = None) -> None:
        super().__init__(
            message or f"The position lies outside the log that is kept; resume after {earliest} or later.",
            {"earliest": str(earliest)},
        )
        self.earliest = earliest


# -- What is allowed where a bot is ------------------------------------------------------------------------------------


class IllegalTransition(DomainError):
    """Raised when the table has no such move. `state` is where the bot is, `wish` what was wanted in words as `leave`.

    Attributes are plain words of the contract (`joined_recording`); `allowed` lists the states from which it would work.
    """

    reason = "ILLEGAL_STATE"

    def __init__(self, state: str, wish: str, allowed: Iterable[str] = ()) -> None:
        self.state = state
        self.wish = wish
        self.allowed = tuple(allowed)
        super().__init__(
            f"Bot is in state {state} and cannot {wish}",
            {"state": state, "allowed_states": ",".join(self.allowed)},
        )


class Changed(DomainError):
    """Raised when a change was asked for a bot as it was, and it is no longer so. `etag` is what it is now."""

    reason = "ETAG_MISMATCH"

    def __init__(self, etag: str) -> None:
        super().__init__(
            "The bot has changed since its etag was read; look at it again, and try with the etag that it has now.",
            {"etag": etag},
        )
        self.etag = etag


class AlreadyAnswered(DomainError):
    """Raised instead of doing a thing again. `answer` is the serialised message that was answered the first time.

    Not for callers: the pipeline gives them the answer.
    """

    reason = "ALREADY_ANSWERED"

    def __init__(self, answer: bytes) -> None:
        super().__init__("This request was answered already.")
        self.answer = answer


class RequestKeyReused(DomainError):
    """Raised when a request comes with the key of another one."""

    reason = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__(
            "This idempotency key was used for another request within the last 24 hours; "
            "send that very request again, or take a new key."
        )


class Unfulfilled(DomainError):
    """Raised when something that the request needs is not as it has to be, and no single field is wrong. `reason` is given."""

    reason = "FAILED_PRECONDITION"

    def __init__(self, reason: str, message: str, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message, metadata)
        self.reason = reason


# -- Workers -----------------------------------------------------------------------------------------------------------


class LeaseNotAvailable(DomainError):
    """Raised when a bot's lease is held by another worker, or the bot has nothing to run."""

    reason = "LEASE_NOT_AVAILABLE"


class LeaseLost(DomainError):
    """Raised when something is done under an epoch that is over."""

    reason = "LEASE_LOST"

    def __init__(self, epoch: int, current: int | None = None) -> None:
        super().__init__(
            f"The lease with epoch {epoch} is over; leave the meeting and forget the bot.",
            {"epoch": str(epoch)} | ({"current_epoch": str(current)} if current is not None else {}),
        )
        self.epoch = epoch


class ProtocolError(DomainError):
    """Raised when a worker says something that cannot come where it came, as a report before the lease."""

    reason = "PROTOCOL"


# -- Limits ------------------------------------------------------------------------------------------------------------


class QuotaExceeded(DomainError):
    """Raised when a limit is reached. `retry_after_s`: when it makes sense to try again; None if waiting does not help."""

    reason = "QUOTA_EXCEEDED"

    def __init__(
        self, message: str, *, reason: str = "QUOTA_EXCEEDED", subject: str = "project", retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.subject = subject
        self.retry_after_s = retry_after_s


class SlowReader(DomainError):
    """Raised in a stream whose reader fell behind further than the server holds for it."""

    reason = "SLOW_READER"

    def __init__(self) -> None:
        super().__init__("This reader fell too far behind; connect again and resume after the last position seen.")


# -- The server itself -------------------------------------------------------------------------------------------------


class Draining(DomainError):
    """Raised when the server takes no more calls because it stops."""

    reason = "DRAINING"

    def __init__(self, retry_after_s: float = 1.0) -> None:
        super().__init__("The server is about to stop; connect again and resume.")
        self.retry_after_s = retry_after_s


class DatabaseAway(DomainError):
    """Raised when the database does not answer."""

    reason = "DATABASE_AWAY"

    def __init__(self, why: str = "") -> None:
        """`why` is for the operator at start, and says what to do; callers of the service learn nothing of the database."""
        super().__init__(
            f"The database cannot be used: {why}." if why else "The service cannot reach its database; try again in a moment."
        )
        self.retry_after_s = 1.0


class StartError(DomainError):
    """The base of what keeps a server from starting: shown to the operator as it is, without a traceback."""

    reason = "START"


class DataFolderInUse(StartError):
    """Raised when another process runs on the same data folder."""

    reason = "DATA_FOLDER_IN_USE"

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"Another Rollcall runs on the data folder {folder}; stop it, or set ROLLCALL_DATA_DIR to another folder."
        )


class SchemaMismatch(StartError):
    """Raised when the database's schema is not one that this version knows."""

    reason = "SCHEMA_MISMATCH"

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"The database has schema {found}, this version of Rollcall knows up to {known}; "
            "run the version that made it, or a newer one."
        )


class PortInUse(StartError):
    """Raised when the server cannot listen where it was told to. `setting` is the environment variable to change."""

    reason = "PORT_IN_USE"

    def __init__(self, address: str, setting: str) -> None:
        super().__init__(f"Port in use: {address}; stop the other process or set {setting}.")


class BadSetting(StartError):
    """Raised when a setting cannot work. `setting` is the environment variable."""

    reason = "BAD_SETTING"

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(f"{setting}: {message}")
