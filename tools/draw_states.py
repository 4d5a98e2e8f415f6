"""Draws docs/states.md from the transition table: `make generate`; `--check` sees whether the file is current."""

from __future__ import annotations

from server.domain.state import (
    ALL_STATES,
    BREAKOUT,
    JOINED,
    SUB_TYPES,
    TABLE,
    TERMINAL,
    Before,
    BotState,
    SubType,
)
from tools.generated_page import ROOT, write_or_check

PAGE = ROOT / "docs/states.md"
GROUPS = (
    ("live", "every state but the terminal ones", ALL_STATES - TERMINAL),
    ("in_meeting", "in the meeting", JOINED),
    ("between_rooms", "between rooms", BREAKOUT),
)
HEAD = """# Where a bot is

Drawn from `server/domain/state.py` by `tools/draw_states.py`; `make generate` draws it anew, `make generate-check` (part of
`make check`) fails when it is not current.

"""
TAIL = """`agent_lost` stands for the case that the retry rule allows (three attendances); otherwise the event is `fatal_error`
with `heartbeat_timeout`. A bot in `fatal_error` whose recording is still open gets one more lease, to make what there is into a
playable file; its log ends after that.
"""


def diagram() -> str:
    """The table as a Mermaid state diagram. An arrow from a group stands for one from each state in it."""
    lines = ["stateDiagram-v2", "    [*] --> ready", "    [*] --> scheduled"]
    lines += [f'    state "{title}" as {name}' for name, title, _ in GROUPS[:1]]
    for name, title, states in GROUPS[1:]:
        lines += [
            f'    state "{title}" as {name} {{',
            *(f"        {state.value}" for state in BotState if state in states),
            "    }",
        ]
    arrows: dict[tuple[str, str], list[str]] = {}
    for trigger, rule in TABLE.items():
        target = "in_meeting" if isinstance(rule.target, Before) else rule.target.value
        for source in sources(rule.sources):
            arrows.setdefault((source, target), []).append(trigger.value)
    lines += [f"    {source} --> {target}: {', '.join(triggers)}" for (source, target), triggers in arrows.items()]
    lines += [f"    {state.value} --> [*]" for state in BotState if state in TERMINAL]
    return "\n".join(lines)


def sources(states: frozenset[BotState]) -> list[str]:
    """The states, whole groups by their names."""
    left, names = set(states), []
    for name, _, group in GROUPS:
        if group <= left:
            left -= group
            names.append(name)
    return names + [state.value for state in BotState if state in left]


def table() -> str:
    """The table as a table."""
    lines = ["| event | from | to | reasons |", "|---|---|---|---|"]
    for trigger, rule in TABLE.items():
        origin = "every state but the terminal ones" if rule.sources == ALL_STATES - TERMINAL else words(rule.sources, BotState)
        target = rule.target.value if isinstance(rule.target, Before) else f"`{rule.target.value}`"
        lines.append(f"| `{trigger.value}` | {origin} | {target} | {words(SUB_TYPES.get(trigger, frozenset()), SubType)} |")
    return "\n".join(lines)


def words(chosen: frozenset[BotState] | frozenset[SubType], order: type[BotState | SubType]) -> str:
    """The words in their order."""
    return ", ".join(f"`{word.value}`" for word in order if word in chosen)


def page() -> str:
    """The whole page."""
    return f"{HEAD}```mermaid\n{diagram()}\n```\n\n{table()}\n\n{TAIL}"


if __name__ == "__main__":
    raise SystemExit(write_or_check(PAGE, page()))
