"""JSON that comes out of a page: its strings are UTF-16 of any kind, and half a character is not rare in them.

A name that a page cut in the middle of an emoji, or the first "letter" of one that begins with it, is such half a character
(a lone surrogate). Chromium writes it down as it is; orjson, which reads strictly, would refuse the whole message for it.
"""

from __future__ import annotations

import json
from typing import Any

import orjson


def loads(text: str | bytes) -> Any:
    """The value, with a question mark for each half character. Raises orjson.JSONDecodeError for what is no JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as strict:
        try:
            lenient = json.dumps(json.loads(text), ensure_ascii=False)
        except (ValueError, RecursionError):  # no JSON in the standard library's eyes either, or a number too long for it
            raise strict from None
        return orjson.loads(lenient.encode(errors="replace"))
