"""google.rpc.Status with details, for tests."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from rollcall.transport import CallError


def refused(code: int, message: str, *details: Message) -> CallError:
    status = Status(code=code, message=message)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return CallError(status)


def bad_request(**fields: str) -> BadRequest:
    """Violations; `__` stands for the dot between names."""
    violations = [BadRequest.FieldViolation(field=name.replace("__", "."), description=text) for name, text in fields.items()]
    return BadRequest(field_violations=violations)


def info(reason: str, **metadata: str) -> ErrorInfo:
    return ErrorInfo(reason=reason, domain="rollcall", metadata=metadata)


def retry(seconds: float) -> RetryInfo:
    found = RetryInfo()
    found.retry_delay.FromNanoseconds(int(seconds * 1e9))
    return found
