"""Path templates of `google.api.http` and the tree that finds the one a request's path matches.

Grammar (google/api/http.proto): segments divided by `/`; a segment is a literal, `*` (one), `**` (the rest) or `{name}` /
`{name=segments}`; a template may end in `:verb`. A literal wins over `*`, and `*` over `**`.
"""

from __future__ import annotations

import re
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import unquote

T = TypeVar("T")

_PART = re.compile(r"\{([a-z0-9_.]+)(?:=([^}]*))?\}|([^/{}]+)|/")


class Capture(NamedTuple):
    """A field of the request and the segments it takes: from `start`, up to `end`, or to the path's end where that is None."""

    field: str
    start: int
    end: int | None


class Template(NamedTuple):
    """A parsed path template."""

    segments: tuple[str, ...]
    captures: tuple[Capture, ...]
    verb: str

    @classmethod
    def parse(cls, text: str) -> Template:
        """Raises ValueError where the text is no template."""
        body, verb = _split_verb(text)
        segments: list[str] = []
        captures = []
        if not body.startswith("/") or _PART.sub("", body):
            raise ValueError(f"{text!r} is no path template")
        for field, inner, literal in _PART.findall(body):
            if literal:
                segments.append(literal)
            elif field:
                parts = (inner or "*").split("/")
                end = None if parts[-1] == "**" else len(segments) + len(parts)
                captures.append(Capture(field, len(segments), end))
                segments.extend(parts)
        return cls(tuple(segments), tuple(captures), verb)

    @property
    def fields(self) -> tuple[str, ...]:
        """The request's fields that the path gives."""
        return tuple(capture.field for capture in self.captures)

    def values(self, segments: list[str]) -> list[tuple[str, str]]:
        """The fields' values in a path that matches."""
        return [(capture.field, "/".join(segments[capture.start : capture.end])) for capture in self.captures]


def _split_verb(text: str) -> tuple[str, str]:
    last = text.rfind("/")
    colon = text.rfind(":")
    return (text[:colon], text[colon + 1 :]) if colon > last and "}" not in text[colon:] else (text, "")


def split(raw_path: bytes) -> list[str] | None:
    """The path's segments, each decoded by itself (an escaped slash divides nothing); None where it is not UTF-8."""
    try:
        segments = raw_path.decode("ascii").split("/")[1:]
        return [unquote(segment, errors="strict") if "%" in segment else segment for segment in segments]
    except UnicodeDecodeError:
        return None


class _Node(Generic[T]):
    __slots__ = ("leaves", "literals", "rest", "star")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[T]] = {}
        self.star: _Node[T] | None = None
        self.rest: dict[str, T] = {}
        self.leaves: dict[str, T] = {}
        """By verb; the empty verb is the ordinary case."""


class PathTree(Generic[T]):
    """Finds what was registered for the template that a path matches."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def slot(self, template: Template, fresh: T) -> T:
        """What stands at a template's shape; `fresh` is put there where nothing stood."""
        node = self._root
        for segment in template.segments:
            if segment == "**":
                return node.rest.setdefault(template.verb, fresh)
            if segment == "*":
                node.star = node = node.star or _Node()
            else:
                node = node.literals.setdefault(segment, _Node())
        return node.leaves.setdefault(template.verb, fresh)

    def find(self, segments: list[str]) -> tuple[T, list[str]] | None:
        """What the path matches, with its segments less the verb."""
        name, colon, verb = segments[-1].rpartition(":")
        if colon:
            bare = [*segments[:-1], name]
            found = self._walk(self._root, bare, 0, verb)
            if found is not None:
                return found, bare
        found = self._walk(self._root, segments, 0, "")
        return None if found is None else (found, segments)

    def _walk(self, node: _Node[T], segments: list[str], at: int, verb: str) -> T | None:
        if at == len(segments):
            return node.leaves.get(verb)
        segment = segments[at]
        below = node.literals.get(segment)
        found = None if below is None else self._walk(below, segments, at + 1, verb)
        if found is None and node.star is not None and segment:
            found = self._walk(node.star, segments, at + 1, verb)
        return node.rest.get(verb) if found is None else found
