"""All that can be said of a request from itself alone: the contract's rules and the functions beside them, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import protovalidate
from google.protobuf.message import Message

from server.domain.errors import InvalidFields, Violation
from server.domain.limits import ProjectLimits
from server.rpc.wording import violation_of

Check = Callable[[Any], Iterable[Violation]]
"""Looks at one request and says what the contract's rules cannot."""

LimitCheck = Callable[[Any, ProjectLimits], Iterable[Violation]]
"""As Check, for what the caller's project may have."""
_DEFAULTS: Final = ProjectLimits()


class Validator:
    """Checks requests. `checks` are functions beside the rules, by request type; `limit_checks` know the project's limits too."""

    def __init__(
        self,
        checks: dict[type[Message], tuple[Check, ...]],
        limit_checks: dict[type[Message], tuple[LimitCheck, ...]] | None = None,
    ) -> None:
        self._checks = checks
        self._limit_checks = limit_checks or {}

    def warm_up(self, request_types: Iterable[type[Message]]) -> None:
        """Compiles the rules of these types: the first use of one takes some 15 ms, which no caller should wait for."""
        for request_type in request_types:
            protovalidate.collect_violations(request_type())

    def validate(self, request: Message, limits: ProjectLimits = _DEFAULTS) -> None:
        """Raises InvalidFields with everything that is wrong; `limits` are those of the caller's project."""
        checks = self._checks.get(type(request), ())
        limit_checks = self._limit_checks.get(type(request), ())
        found = protovalidate.collect_violations(request)
        if not (found or checks or limit_checks):
            return
        violations = [violation_of(one, request) for one in found]
        for check in checks:
            _add(violations, check(request))
        for limit_check in limit_checks:
            _add(violations, limit_check(request, limits))
        if violations:
            raise InvalidFields(violations)


def _add(violations: list[Violation], more: Iterable[Violation]) -> None:
    """A check that comes later keeps quiet about what is wrong already: one message a fault."""
    known = {violation.path for violation in violations}
    violations += [violation for violation in more if not _covered(violation.path, known)]


def _covered(path: str, known: set[str]) -> bool:
    return any(path == other or other.startswith((path + ".", path + "[")) for other in known) or any(
        outer in known for outer in _outer(path)
    )


def _outer(path: str) -> Iterator[str]:
    """What holds the field. Not the list that holds an item: that it is too long says nothing of what is in it."""
    for index, character in enumerate(path):
        if character == ".":
            yield path[:index]
