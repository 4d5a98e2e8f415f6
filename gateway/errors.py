"""google.rpc.Status -> HTTP: one table, and the bodies that go with it (contract.md section 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, QuotaFailure, RetryInfo
from google.rpc.status_pb2 import Status

from gateway.dialect.problems import Problem, shape, undotted
from gateway.ids import new_id

Headers = tuple[tuple[bytes, bytes], ...]


class Row(NamedTuple):
    """What a gRPC code is over HTTP."""

    status: int
    key: str
    """Where the message stands: `detail` for what is about the request's form or its caller, `error` for the thing itself."""
    text: str = ""
    """Said instead of the status's message, where that message was not written for users."""


OURS = "Something went wrong on our side, and was logged. Try again; if it stays, report this id: {error_id}"

TABLE: dict[int, Row] = {
    code_pb2.CANCELLED: Row(499, "error", "The call was canceled."),
    code_pb2.UNKNOWN: Row(500, "error", OURS),
    code_pb2.INVALID_ARGUMENT: Row(400, "error"),
    code_pb2.DEADLINE_EXCEEDED: Row(
        504, "error", "The answer took too long. Whether anything was done is not known: look before you try again."
    ),
    code_pb2.NOT_FOUND: Row(404, "error"),
    # 409 is not used on /api/v1: duplicates, wrong states and limits are 400 with `error`.
    code_pb2.ALREADY_EXISTS: Row(400, "error"),
    code_pb2.PERMISSION_DENIED: Row(403, "detail"),
    code_pb2.RESOURCE_EXHAUSTED: Row(429, "detail"),
    code_pb2.FAILED_PRECONDITION: Row(400, "error"),
    code_pb2.ABORTED: Row(400, "error"),
    # A resume point outside the log is gone for good. 416 would promise a Content-Range in bytes, and 400 would look like a
    # slip of the pen; an EventSource stops for either. The message says from where it can be resumed.
    code_pb2.OUT_OF_RANGE: Row(410, "error"),
    code_pb2.UNIMPLEMENTED: Row(501, "error", "The service does not offer this yet."),
    code_pb2.INTERNAL: Row(500, "error", OURS),
    code_pb2.UNAVAILABLE: Row(503, "error"),
    code_pb2.DATA_LOSS: Row(500, "error", OURS),
    code_pb2.UNAUTHENTICATED: Row(401, "detail"),
}
# A limit that waiting does not lift by itself is no 429, which would have callers try again and again.
FULL = Row(400, "error")
TOO_LARGE = Row(413, "detail")
_TOO_LARGE_REASON = "REQUEST_TOO_LARGE"
_RETRIED = {code_pb2.RESOURCE_EXHAUSTED, code_pb2.UNAVAILABLE}
CHALLENGE = (b"www-authenticate", b"Token")


class Answer(NamedTuple):
    """An HTTP answer: `payload` is written as JSON, None for no body at all."""

    status: int
    payload: Any
    headers: Headers = ()


class HttpError(Exception):
    """A request that the gateway itself refuses."""

    def __init__(self, status: int, payload: dict[str, Any], headers: Headers = ()) -> None:
        """`payload` is the body."""
        super().__init__(status)
        self.answer = Answer(status, payload, headers)


def details(status: Status) -> tuple[ErrorInfo, BadRequest | None, RetryInfo | None]:
    """The details that the contract knows; others are passed over."""
    info, bad, retry = ErrorInfo(), None, None
    for detail in status.details:
        try:
            if detail.Is(ErrorInfo.DESCRIPTOR):
                info.ParseFromString(detail.value)
            elif detail.Is(BadRequest.DESCRIPTOR):
                bad = BadRequest.FromString(detail.value)
            elif detail.Is(RetryInfo.DESCRIPTOR):
                retry = RetryInfo.FromString(detail.value)
        except DecodeError:
            continue
    return info, bad, retry


class BodyOf(Protocol):
    """Which message a route's body is, and which field of the request; None if it is the request itself."""

    @property
    def body_type(self) -> Descriptor:
        """The message."""
        ...

    @property
    def body_field(self) -> FieldDescriptor | None:
        """The field."""
        ...


def answer(status: Status, *, route: BodyOf | None = None, given: Message | None = None, in_pages: bool = False) -> Answer:
    """A failed call as HTTP.

    With a `route` field violations are shown by the fields of its body; without one (nothing but a query) as one sentence. Of
    what answers `in_pages`, a page that is asked for by a wrong cursor is not there: callers know that as a 404.
    """
    info, bad, retry = details(status)
    row = _row(status, info, retry)
    if bad is not None and bad.field_violations and row.status == 400:
        if in_pages and [found.field for found in bad.field_violations] == ["cursor"]:
            return Answer(404, {"detail": f"Invalid cursor. {bad.field_violations[0].description}"}, _reason(info))
        return Answer(400, _fields(bad, route, given), _reason(info))
    text = row.text or status.message or "The request was refused."
    if "{error_id}" in text:
        text = text.format(error_id=info.metadata.get("error_id") or new_id("err_"))
    headers = _reason(info)
    if status.code in _RETRIED and row.status not in {FULL.status, TOO_LARGE.status}:
        headers += ((b"retry-after", str(_seconds(retry)).encode()),)
    if status.code == code_pb2.UNAUTHENTICATED:
        headers += (CHALLENGE,)
    return Answer(row.status, {row.key: text}, headers)


def _row(status: Status, info: ErrorInfo, retry: RetryInfo | None) -> Row:
    if status.code == code_pb2.RESOURCE_EXHAUSTED and retry is None:
        if info.reason == _TOO_LARGE_REASON:
            return TOO_LARGE
        if any(detail.Is(QuotaFailure.DESCRIPTOR) for detail in status.details):
            return FULL
    return TABLE.get(status.code, TABLE[code_pb2.UNKNOWN])


def query_error(problems: Sequence[str]) -> HttpError:
    """What is wrong with query parameters."""
    return HttpError(400, {"error": " ".join(problems)})


def _fields(bad: BadRequest, route: BodyOf | None, given: Message | None) -> dict[str, Any]:
    if route is None:
        return {"error": " ".join(f"Invalid {found.field} value. {found.description}" for found in bad.field_violations)}
    problems = [Problem(undotted(found.field), found.description) for found in bad.field_violations]
    if route.body_field is not None:
        name = route.body_field.name
        problems = [Problem(one.path[1:] if one.path[:1] == (name,) else one.path, one.message) for one in problems]
        given = getattr(given, name, None)
    return shape(problems, route.body_type, given)


def _reason(info: ErrorInfo) -> Headers:
    """The reason for programs, in a header: the body's keys are a given."""
    return ((b"x-error-reason", info.reason.encode()),) if info.reason and info.reason.isascii() else ()


def _seconds(retry: RetryInfo | None) -> int:
    delay = retry.retry_delay if retry is not None else None
    return max(1, delay.seconds + (delay.nanos > 0)) if delay is not None else 1
