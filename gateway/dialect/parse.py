"""Bytes -> one JSON object, or the reason why not."""

from __future__ import annotations

import json
from typing import Any

import orjson

MOST_DEPTH = 32


class NotJsonError(ValueError):
    """The body is not one JSON object; the text is for the caller."""


def parse_object(body: bytes, *, most_depth: int = MOST_DEPTH) -> dict[str, Any]:
    """The body as a dict; an empty body is an empty object, for `POST …/leave` needs none. Raises NotJsonError.

    orjson refuses NaN, Infinity, invalid UTF-8 and lone surrogates by itself, but keeps the last of two equal keys.
    """
    if not body:
        return {}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotJsonError(f"JSON parse error - {error.msg} (line {error.lineno}, column {error.colno})") from None
    if type(value) is not dict:
        raise NotJsonError(f"The body must be one JSON object, as {{…}}, not {describe(value)}.")
    if body.count(b"{") + body.count(b"[") > most_depth and not _within(value, most_depth):
        raise NotJsonError(f"The body is nested deeper than {most_depth} levels.")
    if _may_have_duplicates(body, value):
        _refuse_duplicates(body)
    return value


def describe(value: Any) -> str:
    """What a JSON value is, in words."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _may_have_duplicates(body: bytes, value: dict[str, Any]) -> bool:
    """Whether a key was dropped, at the price of one dump (a microsecond for most bodies).

    Without a backslash in the body every quotation mark opens or closes a string, so the dump has as many of them unless a key
    (and its value) is missing from it. With a backslash the slow way decides.
    """
    return b"\\" in body or orjson.dumps(value).count(b'"') != body.count(b'"')


def _refuse_duplicates(body: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise NotJsonError(f"JSON parse error - the key {json.dumps(key[:100])} stands twice in one object.")
            seen.add(key)

    json.loads(body, object_pairs_hook=unique, parse_int=len, parse_float=len)


def _within(value: Any, most_depth: int) -> bool:
    """Whether nothing is nested deeper; level by level, so that depth costs no recursion."""
    level: list[Any] = [value]
    for _ in range(most_depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in (dict, list)
        ]
        if not level:
            return True
    return False
