"""What can be wrong between an agent and the server, and how a gRPC error becomes one of these."""

from __future__ import annotations

from enum import Enum, auto

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

_DETAILS_KEY = "grpc-status-details-bin"


class LinkError(Exception):
    """Anything that is wrong between an agent and the server."""


class LeaseNotAvailableError(LinkError):
    """The bot is run by another worker, or has nothing to run. Raised by `claim`; the worker forgets the bot without a word."""


class ServerUnreachableError(LinkError):
    """No server answered in time. Raised by `claim`; the server sends its hint again when it is back."""


class ServerRefusedError(LinkError):
    """The server does not accept this worker or its words; the text says what to do. Raised by `claim`."""


class Verdict(Enum):
    """What the end of a stream means for the agent."""

    RETRY = auto()
    """The server is away or busy: connect again and resume."""
    NOT_AVAILABLE = auto()
    """There is no lease for us."""
    LOST = auto()
    """The lease is somebody else's now."""
    REFUSED = auto()
    """The server does not accept the worker's token."""
    BAD_REPORT = auto()
    """The server will never take what we said."""


_BY_REASON = {"LEASE_NOT_AVAILABLE": Verdict.NOT_AVAILABLE, "LEASE_LOST": Verdict.LOST}

_BY_CODE = {
    grpc.StatusCode.FAILED_PRECONDITION: Verdict.NOT_AVAILABLE,
    grpc.StatusCode.NOT_FOUND: Verdict.NOT_AVAILABLE,
    grpc.StatusCode.ABORTED: Verdict.LOST,
    grpc.StatusCode.UNAUTHENTICATED: Verdict.REFUSED,
    grpc.StatusCode.PERMISSION_DENIED: Verdict.REFUSED,
    grpc.StatusCode.UNIMPLEMENTED: Verdict.REFUSED,
    grpc.StatusCode.INVALID_ARGUMENT: Verdict.BAD_REPORT,
}


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The `reason` of the error's google.rpc.ErrorInfo, or an empty text."""
    for key, value in error.trailing_metadata() or ():
        if key != _DETAILS_KEY or not isinstance(value, bytes):
            continue
        status = Status.FromString(value)
        info = ErrorInfo()
        for detail in status.details:
            if detail.Unpack(info):
                return str(info.reason)
    return ""


def verdict_of(error: grpc.aio.AioRpcError) -> Verdict:
    """What an ended stream means: by its reason first, by its code where it has none. Everything unknown is worth another try."""
    return _BY_REASON.get(reason_of(error)) or _BY_CODE.get(error.code(), Verdict.RETRY)
