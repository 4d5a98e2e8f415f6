"""What may come back from a callback for Zoom tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

NAMES: Final = ("zak_token", "join_token")
LONGEST: Final = 4096
"""Characters of a token; what Zoom gives has some hundreds."""
_TOKEN: Final = re.compile(r"[!-~]*")


class TokensError(ValueError):
    """The answer is none of what is allowed; the text says what is, and repeats nothing of it. Raised by `checked`."""


def checked(answer: Any) -> Mapping[str, str]:
    """All tokens by name, each empty where there is none (left out, null, or empty). Other names are passed over, also
    `app_privilege_token`: it starts Zoom's own local recording from native clients, and nothing here could use it.

    Raises TokensError.
    """
    if not isinstance(answer, dict):
        raise TokensError(f"Its answer must be a JSON object with any of {', '.join(NAMES)}.")
    return {name: _token(name, answer.get(name)) for name in NAMES}


def _token(name: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TokensError(f"{name} must be a text.")
    if len(value) > LONGEST:
        raise TokensError(f"{name} must have at most {LONGEST:,} characters; it has {len(value):,}.")
    if not _TOKEN.fullmatch(value):
        raise TokensError(f"{name} must be of printable ASCII characters without spaces.")
    return value
