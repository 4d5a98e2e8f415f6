"""Draws docs/states.md from the transition table: `tools/draw_states.py`, or with --check to see whether the file is current."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from server.domain.state import (  # noqa: E402 - the path comes first
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

PAGE = ROOT / "docs" / "states.md"
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


def main() -> int:
    """Writes the page, or compares it."""
    if "--check" in sys.argv[1:]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
            return 0
        print(f"{PAGE.relative_to(ROOT)} is not current; run `make generate`.")
        return 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
