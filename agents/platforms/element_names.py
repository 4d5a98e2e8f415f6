"""Tells words that a person reads from a CSS selector of element names: `Join now` is a valid one, and finds nothing."""

from __future__ import annotations

import re

_WORDS = re.compile(r"^\s*[^\W\d_]\w*(\s+\w+)*\s*[.!?…]?\s*$")
_KNOWN = """
a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption center cite
code col colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure font
footer form frame frameset g h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label
legend li link main map mark math menu meta meter nav noscript object ol optgroup option output p param path
picture pre progress q rect rp rt ruby s samp script search section select slot small source span strong style
sub summary sup svg table tbody td template text textarea tfoot th thead time title tr track tspan u ul use
var video wbr circle clippath defs ellipse foreignobject image line lineargradient mask pattern polygon
polyline radialgradient stop symbol
"""
_NAMES = frozenset(_KNOWN.split())
"""Elements of HTML and SVG. Components of a page have a hyphen, and so are no words."""


def are_words(selector: str) -> bool:
    """Whether this is surely meant to be read: words none of which is an element, and not one word in small letters."""
    if not _WORDS.match(selector):
        return False
    words = selector.lower().rstrip(" .!?…").split()
    if any(word in _NAMES for word in words) and selector.isascii() and selector == selector.lower():
        return False
    strange = [word for word in words if word not in _NAMES]
    return bool(strange) and (selector != selector.lower() or len(words) > 1 or not selector.isascii())
