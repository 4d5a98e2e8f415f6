"""What is wrong with a request, and the JSON shape in which a caller is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway import contract
from rollcall.v1 import annotations_pb2

REQUIRED = "This field is required."
NULL = "This field may not be null."
BLANK = "This field may not be blank."
MOST_PROBLEMS = 100
"""More than these are not looked for: a hostile body of a million wrong values gets a short answer."""

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """One thing that is wrong: `path` leads to it by JSON names and list indices; the empty path is the whole body."""

    path: Path
    message: str
    of_object: bool = False
    """Callers know it as an error of the object that holds the field, looked for when all of its fields are right."""


class BadValueError(ValueError):
    """A value that its field cannot hold; the text is for the caller."""


class BadContentError(BadValueError):
    """A value of the right type that cannot be read, as text that is no base64."""


def shape(problems: Iterable[Problem], root: Descriptor, given: Message | None = None) -> dict[str, Any]:
    """Problems as the body of a 400: `{"bot_name": ["…"], "recording_settings": ["resolution: …"]}`.

    `given` is the request as far as it could be read: a rule that a nested object as a whole breaks is shown as that object's
    `non_field_errors`, while an object that is missing or null is itself the field in error.
    """
    by_field: dict[str, list[Problem]] = {}
    for problem in problems:
        by_field.setdefault(str(problem.path[0]) if problem.path else "non_field_errors", []).append(problem)
    fields = {contract.json_name(field): field for field in root.fields}
    return {name: _one(found, fields.get(name), given) for name, found in by_field.items()}


def in_one_line(problems: Iterable[Problem]) -> dict[str, Any]:
    """Problems as the body of a 400 for callers that know no fields: `{"error": "Invalid type value. …"}`."""
    return {"error": " ".join(f"Invalid {dotted(p.path)} value. {p.message}" if p.path else p.message for p in problems)}


def _one(problems: list[Problem], field: FieldDescriptor | None, given: Message | None) -> Any:
    if field is None or not _is_object(field):
        return [_line(problem.path[1:], problem.message) for problem in problems]
    if all(_is_text(problem.path, field) for problem in problems):
        return {str(problem.path[1]): problem.message for problem in problems}
    if contract.field_json(field).error_shape == annotations_pb2.ERROR_SHAPE_FLAT:
        return [_line(problem.path[1:], problem.message) for problem in problems]
    was_given = given is not None and not field.is_repeated and given.HasField(field.name)
    if not was_given and all(len(problem.path) == 1 for problem in problems):
        return [problem.message for problem in problems]
    tree: dict[str, Any] = {}
    for problem in [problem for problem in problems if not problem.of_object] or problems:
        *outer, name = problem.path
        if problem.of_object and outer:
            _plant(tree, tuple(outer[1:]), f"{name}: {problem.message}")
        else:
            _plant(tree, problem.path[1:], problem.message)
    return tree


def _is_object(field: FieldDescriptor) -> bool:
    """Whether the field's JSON is an object with fields of its own: an instant is a message, but a plain value as JSON."""
    inner = field.message_type
    return inner is not None and not contract.is_map(field) and not inner.full_name.startswith("google.protobuf.")


def _plant(tree: dict[str, Any], path: Path, message: str) -> None:
    """Puts a message into the tree; a field that has messages of its own and inner ones keeps its own as non_field_errors."""
    for step in path[:-1]:
        below = tree.setdefault(str(step), {})
        if isinstance(below, list):
            below = tree[str(step)] = {"non_field_errors": below}
        tree = below
    name = str(path[-1]) if path else "non_field_errors"
    leaf = tree.setdefault(name, [])
    if isinstance(leaf, dict):
        leaf = leaf.setdefault("non_field_errors", [])
    leaf.append(message)


def _line(path: Path, message: str) -> str:
    return f"{dotted(path)}: {message}" if path else message


def _is_text(path: Path, field: FieldDescriptor) -> bool:
    """Whether the path leads to a field, directly inside `field`, whose violations are bare text."""
    if len(path) != 2 or field.message_type is None:
        return False
    for inner in field.message_type.fields:
        if contract.json_name(inner) == path[1]:
            return contract.field_json(inner).error_shape == annotations_pb2.ERROR_SHAPE_TEXT
    return False


def dotted(path: Path) -> str:
    """`webhooks[0].url`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def undotted(text: str) -> Path:
    """The opposite of `dotted`, for the field paths in a google.rpc.BadRequest; a map key in brackets ends the path."""
    path: list[str | int] = []
    for part in text.split(".") if text else []:
        name, *indices = part.replace("]", "").split("[")
        if name:
            path.append(name)
        for index in indices:
            if not index.isdigit():
                return tuple(path)
            path.append(int(index))
    return tuple(path)
