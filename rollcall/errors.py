"""What the Python client raises."""

from __future__ import annotations


class RollcallError(Exception):
    """The base of all; its text is written for people. `reason` is google.rpc.ErrorInfo's word, empty where none was given."""

    def __init__(self, message: str, *, reason: str = "", metadata: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.metadata = metadata or {}
