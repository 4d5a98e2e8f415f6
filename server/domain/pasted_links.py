"""The links in what somebody pasted: a URL alone, one within a sentence, an invitation, an HTML attribute, Markdown.

Pure, and linear in the text's length. Nothing is judged here: whether a link is a meeting's says `meeting_url`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from server.domain.link_wrappers import unwrapped

_UNSEEN: Final = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
"""What mail and chat programs put into text so that it breaks or does not; nobody sees it."""
_ESCAPED: Final = re.compile(r"&(?:amp;|#38;|#x26;)+|&(?:quot|#34|#x22);|&(?:lt|#60);|&(?:gt|#62);", re.IGNORECASE)
_MEANT: Final = {"q": '"', "l": "<", "g": ">", "34": '"', "x22": '"', "60": "<", "62": ">"}
_GAP = r"(?:[ \u00a0+-]|%20)"
_GROUPED: Final = re.compile(rf"(/(?:j|w|s|wc/join)/[0-9]{{3}}){_GAP}([0-9]{{3,4}}){_GAP}([0-9]{{3,4}})(?![0-9])")
"""Zoom shows a meeting's number as `843 1522 0467`."""
_BETWEEN: Final = re.compile(r"[\s<>]+")
_START: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://|https?%3a%2f%2f", re.IGNORECASE)
_ENCODED_START: Final = re.compile(r"https?%3a%2f%2f", re.IGNORECASE)
_BARE: Final = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}(?::[0-9]{1,5})?/")
_CLOSED_BY: Final = {'"': '"', "'": "'", "`": "`", "(": ")", "[": "]", "“": "”", "„": "“", "‘": "’", "«": "»"}
_OPENING: Final = "".join(_CLOSED_BY) + "*_"
_TRAILING: Final = ">)]}\"',;.!?`*”“’»"


def pasted_links(text: str) -> Iterator[str]:
    """Each link of a text in its order, taken out of what mail filters wrap it in; the first word where there is none."""
    words = [word for word in _BETWEEN.split(_plain(text)) if word]
    found = False
    for word in words:
        link = _link(word)
        if link:
            found = True
            yield unwrapped(link)
    if words and not found:
        yield _without_end(words[0].lstrip(_OPENING))


def _plain(text: str) -> str:
    if not text.isascii():
        text = _UNSEEN.sub("", text)
    if "&" in text:
        text = _ESCAPED.sub(_meant, text)
    return _GROUPED.sub(r"\1\2\3", text) if "zoom" in text else text


def _meant(escaped: re.Match[str]) -> str:
    name = escaped[0].strip("&#;").lower()
    return _MEANT.get(name) or _MEANT.get(name[0]) or "&"


def _link(word: str) -> str:
    """The link that a word is, or holds as `[Join](https://…)` and `href="https://…"` do; empty where it is none.

    What stands within another link, as in `example.org/?to=https://…`, is that link's own business.
    """
    start = _START.search(word)
    if start is None:
        bare = word.lstrip(_OPENING)
        return _until_closed(bare, word[: len(word) - len(bare)]) if _BARE.match(bare) else ""
    before = word[: start.start()]
    if "/" in before or "?" in before:
        return ""
    link = _until_closed(word[start.start() :], before)
    return _until_closed(_BETWEEN.split(unquote(link), maxsplit=1)[0], "") if _ENCODED_START.match(link) else link


def _until_closed(link: str, before: str) -> str:
    """Less what closes what stands open before it, and the end of the sentence."""
    end = link.find(_CLOSED_BY.get(before[-1:], "\0"))
    return _without_end(link if end < 0 else link[:end])


def _without_end(link: str) -> str:
    """Less the sentence's end. A brace may be the link's own: Teams has JSON there."""
    kept = len(link)
    while kept and link[kept - 1] in _TRAILING and not link.endswith("}", 0, kept):
        kept -= 1
    return link[:kept]
