"""What else is wrong with a body that could not be read whole.

A body that can be read goes to the server, which checks all of it and reports all violations at once; that is the only place
where rules are decided. A body with a wrong type in it cannot be sent, so the contract's rules (required fields, lengths) are
run here on what could be read: one answer then names everything that the contract can say. What only the server knows (whether a
meeting URL is one) comes with the next try.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import protovalidate
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from gateway import contract
from gateway.dialect.problems import MOST_PROBLEMS, REQUIRED, Path, Problem


def complete(problems: list[Problem], message: Message, source: dict[str, Any]) -> list[Problem]:
    """The problems, and the broken rules of fields that are not among them already."""
    known = [problem.path for problem in problems if problem.path]
    more = [*_rules(message), *_required_unless(message, source)]
    fresh = [problem for problem in more if not any(_related(problem.path, path) for path in known)]
    return [*problems, *fresh][:MOST_PROBLEMS]


def _related(one: Path, other: Path) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _rules(message: Message) -> Iterator[Problem]:
    for violation in protovalidate.collect_violations(message):
        path: list[str | int] = []
        for element in violation.proto.field.elements if violation.proto.field is not None else ():
            path.append(element.field_name)
            if element.subscript is not None and element.subscript.field == "index":
                path.append(int(element.subscript.value))
        text = violation.proto.message
        yield Problem(tuple(path), REQUIRED if violation.proto.rule_id == "required" else f"{text[:1].upper()}{text[1:]}.")


def _required_unless(message: Message, source: dict[str, Any]) -> Iterator[Problem]:
    descriptor: Descriptor = message.DESCRIPTOR  # type: ignore[assignment]  # the stubs name the C class too
    for field in descriptor.fields:
        other = contract.field_json(field).required_unless
        if other and contract.json_name(field) not in source and other not in source:
            yield Problem((contract.json_name(field),), REQUIRED)
