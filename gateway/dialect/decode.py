"""JSON object -> protobuf message, all problems at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.message import Message

from gateway import contract
from gateway.dialect.parse import describe
from gateway.dialect.problems import MOST_PROBLEMS, BadContentError, BadValueError, Path, Problem
from gateway.dialect.scalars import Convert, converter, wrong

Fill = Callable[[dict[str, Any], Message, Path, list[Problem]], None]
"""Fills a message from an object; what is wrong is appended with its path."""
_Set = Callable[[Message, Any, Path, list[Problem]], None]

_compiled: dict[str, Fill] = {}


def compile_fill(descriptor: Descriptor, without: Collection[str] = (), *, ignore_unknown: bool = False) -> Fill:
    """The closure that fills a message of this type; fields named in `without` are not accepted (they come from the URL), nor are
    unknown ones, unless those of the outermost object are to be passed over.
    """
    own = bool(without) or ignore_unknown
    if not own and descriptor.full_name in _compiled:
        return _compiled[descriptor.full_name]
    setters: dict[str, _Set] = {}
    unions = [[contract.json_name(field) for field in oneof.fields] for oneof in descriptor.oneofs if _is_open(oneof)]
    fill = _filler(setters, unions, ignore_unknown=ignore_unknown)
    if not own:
        _compiled[descriptor.full_name] = fill  # before its fields: a message may hold itself
    for field in descriptor.fields:
        if field.name not in without and contract.in_requests(field):
            setters[contract.json_name(field)] = _nullable(field, _setter(field))
    return fill


def _is_open(oneof: OneofDescriptor) -> bool:
    return contract.is_open_union(oneof.fields[0])


def _filler(setters: dict[str, _Set], unions: list[list[str]], *, ignore_unknown: bool) -> Fill:
    def fill(source: dict[str, Any], message: Message, path: Path, problems: list[Problem]) -> None:
        unknown = False
        for name, value in source.items():
            setter = setters.get(name)
            if setter is None:
                unknown = True
            else:
                setter(message, value, path, problems)
        if unknown and not ignore_unknown:
            _report_unknown(source, setters, path, problems)
        for members in unions:
            given = [name for name in members if name in source]
            if len(given) > 1:
                problems.append(Problem(path, f"Give only one of {', '.join(given)}."))

    return fill


def _report_unknown(source: dict[str, Any], known: Collection[str], path: Path, problems: list[Problem]) -> None:
    unknown = sorted(name for name in source if name not in known)
    allowed = ", ".join(sorted(known)) or "none"
    if not path:
        more = f" and {len(unknown) - 20} more" if len(unknown) > 20 else ""
        names = ", ".join(name[:100] for name in unknown[:20])
        problems.append(Problem((), f"Unexpected field(s): {names}{more}. Allowed fields are: {allowed}"))
        return
    problems.extend(Problem((*path, name[:100]), f"Unexpected field. Allowed here: {allowed}.") for name in unknown[:20])


def _nullable(field: FieldDescriptor, setter: _Set) -> _Set:
    if not contract.field_json(field).nullable:
        return setter

    def set_unless_null(message: Message, value: Any, path: Path, problems: list[Problem]) -> None:
        if value is not None:
            setter(message, value, path, problems)

    return set_unless_null


def _setter(field: FieldDescriptor) -> _Set:
    if contract.is_map(field):
        return _map_setter(field)
    convert = converter(field, of_items=field.is_repeated)
    if convert is None:
        return _list_of_messages(field) if field.is_repeated else _message_setter(field)
    if field.is_repeated:
        return _list_setter(field, convert)
    return _instant_setter(field, convert) if field.message_type is not None else _scalar_setter(field, convert)


def _scalar_setter(field: FieldDescriptor, convert: Convert) -> _Set:
    name, shown = field.name, contract.json_name(field)

    def set_scalar(message: Message, value: Any, path: Path, problems: list[Problem]) -> None:
        try:
            setattr(message, name, convert(value))
        except BadValueError as error:
            problems.append(Problem((*path, shown), str(error), of_object=isinstance(error, BadContentError)))

    return set_scalar


def _instant_setter(field: FieldDescriptor, convert: Convert) -> _Set:
    name, shown = field.name, contract.json_name(field)

    def set_instant(message: Message, value: Any, path: Path, problems: list[Problem]) -> None:
        try:
            getattr(message, name).CopyFrom(convert(value))
        except BadValueError as error:
            problems.append(Problem((*path, shown), str(error)))

    return set_instant


def _list_setter(field: FieldDescriptor, convert: Convert) -> _Set:
    name, shown = field.name, contract.json_name(field)

    def set_list(message: Message, value: Any, path: Path, problems: list[Problem]) -> None:
        if type(value) is not list:
            problems.append(Problem((*path, shown), str(wrong(value, "a list"))))
            return
        target = getattr(message, name)
        for at, item in enumerate(value):
            try:
                target.append(convert(item))
            except BadValueError as error:
                problems.append(Problem((*path, shown, at), str(error)))
                if len(problems) >= MOST_PROBLEMS:
                    return

    return set_list


def _list_of_messages(field: FieldDescriptor) -> _Set:
    name, shown = field.name, contract.json_name(field)
    fill = _fill_of(contract.message_type(field))

    def set_messages(message: Message, value: Any, path: Path, problems: list[Problem]) -> None:
        if type(value) is not list:
            problems.append(Problem((*path, shown), str(wrong(value, "a list of objects"))))
            return
        target = getattr(message, name)
        for at, item in enumerate(value):
            fill(item, target.add(), (*path, shown, at), problems)
            if len(problems) >= MOST_PROBLEMS:
                return

    return set_messages


def _message_setter(field: FieldDescriptor) -> _Set:
    name, shown = field.name, contract.json_name(field)
    fill = _fill_of(contract.message_type(field))

    def set_message(message: Message, value: Any, path: Path, problems: list[Problem]) -> None:
        target = getattr(message, name)
        if value is not None:
            target.SetInParent()
        fill(value, target, (*path, shown), problems)

    return set_message


def _fill_of(descriptor: Descriptor) -> Callable[[Any, Message, Path, list[Problem]], None]:
    """As the type's own fill, for a value that may be anything, and for a field's value that stands for its object."""
    if descriptor.full_name.startswith("google.protobuf."):
        return _well_known
    fill = compile_fill(descriptor)
    bare = next((contract.json_name(field) for field in descriptor.fields if contract.field_json(field).bare), None)

    def fill_any(value: Any, message: Message, path: Path, problems: list[Problem]) -> None:
        if type(value) is dict:
            fill(value, message, path, problems)
        elif bare is not None and type(value) in (str, int, float, bool):
            fill({bare: value}, message, path, problems)
        else:
            problems.append(Problem(path, str(wrong(value, "an object"))))

    return fill_any


def _well_known(value: Any, message: Message, path: Path, problems: list[Problem]) -> None:
    """Durations, structs and the like have a spelling of protobuf's own, and no place in a hot path."""
    try:
        json_format.ParseDict(value, message)
    except (json_format.ParseError, TypeError, ValueError, AttributeError):
        name = message.DESCRIPTOR.name
        problems.append(Problem(path, f"Must be a {name} in protobuf's JSON form, not {describe(value)}."))


def _map_setter(field: FieldDescriptor) -> _Set:
    name, shown = field.name, contract.json_name(field)
    label = shown.replace("_", " ").capitalize()
    value_field = contract.map_value(field)
    convert = converter(value_field)
    if convert is None or contract.message_type(field).fields_by_name["key"].type != FieldDescriptor.TYPE_STRING:
        raise NotImplementedError(f"{field.full_name}: maps are from strings to plain values")
    must_be_filled = contract.field_json(field).empty_as_null

    def set_map(message: Message, value: Any, path: Path, problems: list[Problem]) -> None:
        where = (*path, shown)
        if type(value) is not dict:
            problems.append(Problem(where, str(wrong(value, f"an object whose values are {_kind(value_field)}"))))
            return
        if must_be_filled and not value:
            problems.append(Problem(where, f"{label} must have at least one key; leave it out where there is nothing to say."))
        target = getattr(message, name)
        for key, item in value.items():
            try:
                if "\0" in key:
                    raise BadValueError("Null characters are not allowed.")
                target[key] = convert(item)
            except BadValueError as error:
                problems.append(Problem(where, f"Value for key '{key[:100]}': {error}"))
                if len(problems) >= MOST_PROBLEMS:
                    return

    return set_map


def _kind(field: FieldDescriptor) -> str:
    return "strings" if field.type == FieldDescriptor.TYPE_STRING else "plain values"
