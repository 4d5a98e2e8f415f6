"""Reads steps and dialogs: what to do in a page."""

from __future__ import annotations

import difflib
import re

from agents.platforms.base import Device
from agents.platforms.file_conditions import conditions, known_variable, targets
from agents.platforms.file_table import Table, dotted
from agents.platforms.key_names import key_name
from agents.platforms.layers import ACTIONS
from agents.platforms.platform_file import Dialog, Spot, Step, Target

VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
ON_ELEMENTS = ("click", "fill", "choose", "check", "uncheck", "scroll")
BUILT_IN_VARIABLES = ("bot_name", "bot_name_json", "meeting_url", "camera_off")
SECRET_VARIABLES = ("zoom_zak", "zoom_join_token")
"""For `[url] query` alone, so that no step, log or page script ever has one."""


def steps(table: Table, key: str, variables: tuple[str, ...]) -> tuple[Step, ...]:
    """The steps of a list `[[key]]`."""
    return tuple(step for one in table.tables(key) if (step := _step(one, variables)))


def _step(table: Table, variables: tuple[str, ...]) -> Step | None:
    said = [action for action in ACTIONS if table.has(action)]
    if len(said) != 1:
        wrong = f"has {' and '.join(said)}" if said else "has no action" + _misspelt(table)
        table.problem("", f"a step does exactly one of {', '.join(ACTIONS)}; this one {wrong}")
        return None
    action = said[0]
    for other in ACTIONS:
        table.raw(other)
    found = targets(table, action if action in ON_ELEMENTS else "in")
    value = _value(table, action, variables)
    step = Step(
        name=table.text("name", _name(table, action, found, value), hint="close the welcome window"),
        action=action,
        targets=found,
        value=value,
        seconds=table.number("wait_seconds", 0, low=0, high=60) if action == "wait_seconds" else 0,
        wait_for=conditions(table, "wait_for"),
        allowed=_allowed(table) if action == "fill" else "",
        max_length=table.whole("max_length", 0, low=0, high=10000) if action == "fill" else 0,
        at=_spot(table, action, found),
        if_variable=known_variable(table, "if_variable", variables),
        when=conditions(table, "if"),
        unless=conditions(table, "unless"),
        until=conditions(table, "until"),
        retry_seconds=table.number("retry_seconds", 2, low=0.2, high=60),
        optional=table.flag("optional"),
        timeout_seconds=table.number("timeout_seconds", 0, low=0.1, high=600) if table.has("timeout_seconds") else None,
        trusted=table.flag("trusted", default=True),
        where=table.where,
    )
    table.raw("timeout_seconds")
    table.done()
    return step


def _value(table: Table, action: str, variables: tuple[str, ...]) -> str:
    if action in {"fill", "choose"}:
        value = table.text("with", required=True, hint="{bot_name}")
        check_variables(table, "with", value, variables)
        return value
    if action == "switch":
        return table.choice("switch", Device.MICROPHONE.value, tuple(Device))
    if action == "press":
        return key_name(table, action)
    if action in {"type", "js", "open"}:
        value = table.text(action)
        if action != "js":
            check_variables(table, action, value, variables)
        return value
    return ""


def check_variables(table: Table, key: str, value: str, variables: tuple[str, ...]) -> None:
    """Reports a {name} that stands for nothing."""
    for name in VARIABLE.findall(value):
        if name not in (*BUILT_IN_VARIABLES, *variables):
            known = ", ".join(f"{{{one}}}" for one in (*BUILT_IN_VARIABLES, *variables))
            table.problem(key, f"{{{name}}} stands for nothing; known are {known}, and more under [variables]")


def _spot(table: Table, action: str, found: tuple[Target, ...]) -> Spot | None:
    value = table.raw("at")
    if value is None:
        return None
    match value:
        case [int() | float() as across, int() | float() as down] if 0 <= across <= 1 and 0 <= down <= 1:
            spot = (float(across), float(down))
        case _:
            table.problem(
                "at", "must be two numbers from 0 to 1, across and down the element: at = [0.5, 0.9] is near its lower edge"
            )
            return None
    if not found or action not in {"click", "press", "type"}:
        table.problem("at", "says where in an element to press: it goes with click, or with press or type and their in")
    elif table.value.get("trusted") is False:
        table.problem("at", "needs a real click, and trusted = false says that there is to be none: leave one of them out")
    return spot


def _allowed(table: Table) -> str:
    value = table.text("allowed", hint="A-Za-z0-9")
    if value:
        try:
            re.compile(f"[^{value}]")
        except re.error as error:
            table.problem("allowed", f"{value!r} is not the inside of a [character class]: {error}")
            return ""
    return value


def _misspelt(table: Table) -> str:
    near = {key: difflib.get_close_matches(key.lower(), ACTIONS, n=1) for key in table.value}
    return "".join(f", but {key!r}: did you mean {found[0]!r}?" for key, found in near.items() if found)


def _name(table: Table, action: str, found: tuple[Target, ...], value: str) -> str:
    first = found[0] if found else None
    what = value if first is None else first.css or (first.text_is or first.text or first.label)[0]
    return f"{dotted(table.path)} {action} {what}".strip()[:100]


def dialogs(table: Table, key: str, variables: tuple[str, ...]) -> tuple[Dialog, ...]:
    """What may appear at any time and is answered."""
    return tuple(_dialog(one, variables) for one in table.tables(key))


def _dialog(table: Table, variables: tuple[str, ...]) -> Dialog:
    found = targets(table, "click")
    js = table.text("js")
    when = conditions(table, "when")
    if table.has("click") == table.has("js"):
        problem = "both click and js are given: one answers it" if js else "click is missing: what to press when it is there"
        table.problem("", f'{problem}, as click = {{ text = "Accept" }}')
    elif js and not when:
        table.problem("", "when is missing: the condition under which js answers it")
    dialog = Dialog(
        name=table.text("name", required=True, hint="cookies"),
        when=when,
        targets=found,
        js=js,
        if_variable=known_variable(table, "if_variable", variables),
        consent=table.flag("consent"),
        at_most_times=table.whole("at_most_times", 5, low=1, high=100),
        where=table.where,
    )
    table.done()
    return dialog
