"""Reads targets and conditions: what to look for in a page."""

from __future__ import annotations

import re
from typing import Any

from agents.platforms.element_names import are_words
from agents.platforms.file_table import Source, Table, kind, one_of
from agents.platforms.platform_file import COUNTERS, Condition, Target
from agents.platforms.toml_lines import Path

MAX_DEPTH = 6
_SOURCE = re.compile(r"^(?P<css>.*?)(?:@(?P<attribute>[A-Za-z][\w:.-]*))?$", re.DOTALL)
_FOREIGN = (
    (re.compile(r"^\s*(//|xpath=|\()"), "XPath is not read; write a CSS selector"),
    (re.compile(r":(has-text|text-is|text|contains)\("), 'CSS cannot ask for text; write { css = "…", text = "…" }'),
    (re.compile(r"^\s*(text|css|id|role)="), 'write the selector alone, or { text = "…" }'),
)


def css(source: Source, path: Path, value: Any) -> str:
    """A CSS selector; `>>>` goes down into shadow roots. What is surely wrong is reported, the rest the page will tell."""
    if not isinstance(value, str) or not value.strip():
        source.problem(path, f'must be a CSS selector, as "#join", not {kind(value)}')
        return ""
    for pattern, hint in _FOREIGN:
        if pattern.search(value):
            source.problem(path, f"{value!r} is no CSS selector: {hint}")
            return ""
    if (wrong := _unbalanced(value)) or value.rstrip().endswith((",", ">")):
        source.problem(path, f"{value!r} is no CSS selector: {wrong or 'it ends in the middle'}")
        return ""
    if are_words(value):
        element = " inside a ".join(f"<{word}>" for word in reversed(value.split()))
        right = f'{{ text = "{value.strip()}" }}'
        source.problem(path, f"{value!r} is a CSS selector that looks for {element}; what a person reads is written {right}")
        return ""
    return value.strip()


def _unbalanced(value: str) -> str:
    closing: list[str] = []
    quote = ""
    escaped = False
    for char in value:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "([":
            closing.append(")" if char == "(" else "]")
        elif char in ")]" and (not closing or closing.pop() != char):
            return f"a {char} too many"
    return f"a {quote} is not closed" if quote else f"a {closing[-1]} is missing" if closing else ""


def css_key(table: Table, key: str) -> str:
    """The selector of a key, or nothing."""
    value = table.raw(key)
    return "" if value is None else css(table.source, table.at(key), value)


def part_sources(table: Table, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Places below an item, or around it (`^css >>> css`), the best first: `css`, `css@attribute`, `@attribute` or `@text`."""
    values = table.texts(key)
    for value in values:
        match = _SOURCE.match(value.removeprefix("^"))
        if match and match["css"]:
            css(table.source, table.at(key), match["css"])
    return values or default


def known_variable(table: Table, key: str, variables: tuple[str, ...]) -> str:
    """The name of one of the file's [variables], or nothing."""
    name = table.text(key, hint="passcode")
    if name and name not in variables:
        table.problem(key, f"{name!r} is none of [variables]; {one_of(name, variables)}")
    return name


def regular_expression(table: Table, key: str, value: str, *, groups: int | None = None) -> str:
    """A regular expression that Python and the page both read."""
    try:
        found = re.compile(value).groups
    except re.error as error:
        table.problem(key, f"{value!r} is no regular expression: {error}")
        return ""
    if groups is not None and found != groups:
        table.problem(key, f"{value!r} must have exactly {groups} group in round brackets, not {found}")
    return value


def targets(table: Table, key: str) -> tuple[Target, ...]:
    """An element or a list of alternatives, best first."""
    value = table.raw(key)
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if not items:
        table.problem(key, "the list is empty: write at least one element")
    paths = [(*table.at(key), n) if isinstance(value, list) else table.at(key) for n in range(len(items))]
    return tuple(one for item, path in zip(items, paths, strict=True) if (one := _target(table.source, item, path)))


def _target(source: Source, value: Any, path: Path) -> Target | None:
    if isinstance(value, str):
        selector = css(source, path, value)
        return Target(css=selector) if selector else None
    if not isinstance(value, dict):
        source.problem(path, f'must be a CSS selector or a table as {{ text = "Join" }}, not {kind(value)}')
        return None
    table = Table(source, value, path)
    target = _element(table)
    table.done()
    if target is None:
        table.problem("", "says nothing to look for: write css, text, text_is or label")
    return target


def _element(table: Table) -> Target | None:
    target = Target(
        css=css_key(table, "css"),
        text=table.texts("text", named=True),
        text_is=table.texts("text_is", named=True),
        label=table.texts("label", named=True),
        hidden=table.flag("hidden"),
        frame=table.text("frame", hint="https://*.example.org/*"),
    )
    return target if target.css or target.text or target.text_is or target.label else None


def conditions(table: Table, key: str, *, depth: int = 0) -> tuple[Condition, ...]:
    """A condition or a list of alternatives, one of which is enough."""
    value = table.raw(key)
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if not items:
        table.problem(key, "the list is empty: write at least one condition, or leave the key out")
    paths = [(*table.at(key), n) if isinstance(value, list) else table.at(key) for n in range(len(items))]
    return tuple(c for item, path in zip(items, paths, strict=True) if (c := _condition(table.source, item, path, depth)))


def _condition(source: Source, value: Any, path: Path, depth: int) -> Condition | None:
    where = source.where(path)
    if isinstance(value, str):
        selector = css(source, path, value)
        return Condition(element=Target(css=selector), where=where) if selector else None
    if not isinstance(value, dict):
        source.problem(path, f'must be a CSS selector or a table as {{ text = "…" }}, not {kind(value)}')
        return None
    if depth > MAX_DEPTH:
        source.problem(path, f"conditions may be nested {MAX_DEPTH} deep")
        return None
    table = Table(source, value, path)
    at_most = table.whole("at_most", -1, low=0, high=1000)
    for_seconds = table.number("for_seconds", -1, low=0, high=60)
    condition = Condition(
        element=_element(table),
        at_least=table.whole("at_least", 1, low=0, high=1000),
        at_most=at_most if at_most >= 0 else None,
        title=table.texts("title", named=True),
        url=table.texts("url"),
        js=table.text("js"),
        variable=known_variable(table, "variable", table.source.variables),
        counters=tuple((name, table.whole(name, 1, low=1, high=1000)) for name in COUNTERS if table.raw(name) is not None),
        every=conditions(table, "all", depth=depth + 1),
        some=conditions(table, "any", depth=depth + 1),
        none=conditions(table, "not", depth=depth + 1),
        for_seconds=for_seconds if for_seconds >= 0 else None,
        where=where,
    )
    for name in COUNTERS:
        table.raw(name)
    table.done()
    return _sensible(table, condition)


def _sensible(table: Table, condition: Condition) -> Condition | None:
    counted = table.has("at_least") or table.has("at_most")
    if counted and condition.element is None:
        table.problem("", "at_least and at_most count elements: say which, with css or text")
    if condition.at_most is not None and condition.at_most < condition.at_least:
        if table.has("at_least"):
            table.problem("at_most", f"is below at_least ({condition.at_least})")
        return Condition(**{**_fields(condition), "at_least": 0})
    said = (condition.element, condition.title, condition.url, condition.js, condition.variable, condition.counters)
    if not any((*said, condition.every, condition.some, condition.none)):
        table.problem("", "says nothing: write css, text, text_is, label, title, url, js, variable, a counter, all, any or not")
        return None
    return condition


def _fields(condition: Condition) -> dict[str, Any]:
    return {name: getattr(condition, name) for name in Condition.__dataclass_fields__}
