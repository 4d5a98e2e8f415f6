from __future__ import annotations

import pytest

from agents.browser import errors
from agents.browser.errors import BrowserError, ChromiumStartError, LoadFailure, PageLoadError, without_secrets


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://zoom.us/j/123?pwd=secret#x", "https://zoom.us/j/123"),
        ("https://user:secret@meet.example:8443/a", "https://meet.example:8443/a"),
        ("http://[::1", "(not a URL)"),
        ("http://host:notaport/", "(not a URL)"),
        ("", "://"),
    ],
)
def test_what_may_be_secret_in_an_address_is_left_out(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_an_endless_address_is_cut() -> None:
    assert len(without_secrets("https://h/" + "a" * 5000)) == 300


def test_every_error_is_a_browser_error() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 8
    assert all(issubclass(kind, BrowserError) for kind in kinds)
    assert all(kind.__doc__ for kind in kinds)


def test_a_load_error_says_where_and_why() -> None:
    error = PageLoadError(LoadFailure.HTTP, "https://h/j?pwd=secret", status=404)
    assert (str(error), error.url, error.kind, error.status) == ("https://h/j: http 404", "https://h/j", "http", 404)


def test_a_start_error_says_what_to_do_before_what_was_printed() -> None:
    error = ChromiumStartError("Chromium ended", output="line 1\nline 2", hint="Do this.")
    assert str(error) == "Chromium ended. Do this.\nIt printed:\nline 1\nline 2"
    assert str(ChromiumStartError("Chromium ended", output="", hint="")) == "Chromium ended."
