from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.browser_state import BrowserStateError, Stored, parse_browser_state

NOW = 1_800_000_000.0
COOKIE = {"name": "SID", "value": "s3cret", "domain": ".example.com", "path": "/", "expires": NOW + 60, "httpOnly": True}


def state(**more: Any) -> str:
    return json.dumps({"cookies": [COOKIE], "origins": [], **more})


def test_a_session_is_read() -> None:
    stored = {"localStorage": [{"name": "k", "value": "v"}], "sessionStorage": [{"name": "t", "value": "u"}]}
    text = state(origins=[{"origin": "https://a.example.com", **stored}, {"origin": "https://b.example.com"}])
    read = parse_browser_state(text, NOW)
    (cookie,) = read.cookies
    assert (cookie.name, cookie.domain, cookie.http_only, cookie.secure, cookie.same_site) == (
        "SID",
        ".example.com",
        True,
        False,
        "",
    )
    assert read.origins == (Stored("https://a.example.com", {"k": "v"}, {"t": "u"}), Stored("https://b.example.com", {}, {}))
    assert read.expires_s == NOW + 60


def test_cookies_that_are_over_are_left_out_and_all_of_them_are_no_session() -> None:
    over = COOKIE | {"expires": NOW - 1}
    assert len(parse_browser_state(state(cookies=[COOKIE, over, COOKIE | {"expires": -1}]), NOW).cookies) == 2
    with pytest.raises(BrowserStateError, match="sign in again"):
        parse_browser_state(state(cookies=[over]), NOW)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "JSON object"),
        ("[" * 100_000, "JSON object"),
        ("[]", '"cookies"'),
        ('{"cookies": 5}', '"cookies"'),
        (state(cookies=[]), "holds no cookies"),
        (state(cookies=[5]), "cookies[0] must be an object"),
        (state(cookies=[COOKIE | {"domain": "a b"}]), "cookies[0].domain"),
        (state(cookies=[COOKIE | {"name": ""}]), "cookies[0].name"),
        (state(cookies=[COOKIE | {"value": 5}]), "cookies[0].value"),
        (state(cookies=[COOKIE | {"path": "x"}]), "cookies[0].path"),
        (state(cookies=[COOKIE | {"expires": "soon"}]), "cookies[0].expires"),
        (state(cookies=[COOKIE | {"expires": True}]), "cookies[0].expires"),
        (state(cookies=[COOKIE | {"secure": 1}]), "cookies[0].secure"),
        (state(cookies=[COOKIE | {"sameSite": "lax"}]), "cookies[0].sameSite"),
        (state(cookies=[COOKIE | {"value": "x" * 9000}]), "more than 8,192 bytes"),
        (state(cookies=[COOKIE] * 2001), "at most 2,000 cookies"),
        (state(cookies=[COOKIE | {"value": "\ud800"}]), "half a character"),
        (state(origins={}), None),
        (state(origins=5), "origins must be a list"),
        (state(origins=[5]), "origins[0] must be an object"),
        (state(origins=[{"origin": "http://a.example.com"}]), "origins[0].origin"),
        (state(origins=[{"origin": "https://a.example.com/path"}]), "origins[0].origin"),
        (state(origins=[{"origin": "https://[::1"}]), "origins[0].origin"),
        (state(origins=[{"origin": "https://a.example.com", "localStorage": [1]}]), "localStorage[0]"),
        (state(origins=[{"origin": "https://a.example.com", "sessionStorage": [{"name": "k"}]}]), "sessionStorage[0].value"),
    ],
)
def test_what_is_wrong_is_named_without_a_word_of_the_session(text: str, said: str | None) -> None:
    if said is None:
        assert parse_browser_state(text, NOW).origins == ()
        return
    with pytest.raises(BrowserStateError) as error:
        parse_browser_state(text, NOW)
    assert said in str(error.value)
    assert "s3cret" not in str(error.value)


def test_a_session_shows_nothing_of_itself_when_it_is_printed() -> None:
    assert "s3cret" not in repr(parse_browser_state(state(), NOW))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["cookies", "origins", "name", "origin"]), inner),
    max_leaves=20,
)


@given(_JSON)
def test_whatever_comes_is_read_or_refused_with_a_word_of_the_place(value: Any) -> None:
    with contextlib.suppress(BrowserStateError):
        assert parse_browser_state(json.dumps(value), NOW).cookies is not None
