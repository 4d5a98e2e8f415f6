"""Names that people give to projects and keys."""

from __future__ import annotations

from typing import Final

MOST_CHARACTERS: Final = 100
PROJECT_PREFIX: Final = "proj_"


def wrong_with_name(name: str) -> str | None:
    """What is wrong with a name that is not empty; None where it is one."""
    if not name.strip():
        return "This field may not be blank."
    if len(name) > MOST_CHARACTERS:
        return f"Must have at most {MOST_CHARACTERS} characters; it has {len(name):,}."
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        return "May not contain control characters, as line breaks or tabs."
    return None


def wrong_with_project_name(name: str) -> str | None:
    """As wrong_with_name; and no name looks like an id, for commands take either."""
    if name.startswith(PROJECT_PREFIX):
        return f"May not begin with {PROJECT_PREFIX}, as the ids of projects do."
    return wrong_with_name(name)
