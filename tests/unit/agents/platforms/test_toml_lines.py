from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from agents.platforms.toml_lines import key_lines, line_of

TEXT = '''# a comment with [brackets] and "quotes"
name = "a" # another

[match]
urls = [
  "https://a/*", # one
  """two
lines \\""" and "more""""",
  'it''s' ,
]
"quoted key".and.dotted = { x = 1, "y z" = [1, { deep = true }] }

[[join]]
click = "#a"

[[join]]
click = '#b'
[[join.inner]]
z = 1
[join.options]
w = 2
'''.replace("'it''s'", "'its'")


def test_every_key_and_item_has_its_line() -> None:
    tomllib.loads(TEXT)
    lines = key_lines(TEXT)
    assert lines[("name",)] == 2
    assert lines[("match",)] == 4
    assert lines[("match", "urls")] == 5
    assert lines[("match", "urls", 0)] == 6
    assert lines[("match", "urls", 1)] == 7
    assert lines[("match", "urls", 2)] == 9
    assert lines[("match", "quoted key", "and", "dotted", "y z", 1, "deep")] == 11
    assert lines[("join", 0, "click")] == 14
    assert lines[("join", 1, "click")] == 17
    assert lines[("join", 1, "inner", 0, "z")] == 19
    assert lines[("join", 1, "options", "w")] == 21


def test_what_has_no_line_has_that_of_what_is_around_it() -> None:
    assert line_of({("a",): 3}, ("a", "b", 0)) == 3
    assert line_of({}, ("a",)) == 1


PIECES = [
    "a=1",
    "b='x#]y'",
    '"c d"="\\"\\\\"',
    "[t]",
    "[[u]]",
    "e=[1,[2],{f=3}]",
    "g=2020-01-01T00:00:00Z",
    "#c",
    "",
    'h="""\n"x"\n"""',
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("\n".join))
def test_the_scanner_finds_its_way_through_whatever_is_valid(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())
