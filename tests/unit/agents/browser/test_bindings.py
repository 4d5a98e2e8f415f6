from __future__ import annotations

from typing import Any

import pytest
import structlog.testing

from agents.browser.bindings import Bindings


@pytest.fixture
def got() -> list[Any]:
    return []


@pytest.fixture
def bindings(got: list[Any]) -> Bindings:
    bindings = Bindings()
    bindings.add("tell", got.append)
    return bindings


@pytest.mark.parametrize(
    ("payload", "value"), [("stext", "text"), ("s", ""), ("sj{}", "j{}"), ('j{"a":[1]}', {"a": [1]}), ("jnull", None)]
)
def test_values_arrive_as_they_were(bindings: Bindings, got: list[Any], payload: str, value: Any) -> None:
    bindings.called("tell", payload)
    assert got == [value]


@pytest.mark.parametrize("payload", ["", "x", "j", "j{", "j[1", "jNaN"])
def test_what_is_no_value_is_dropped(bindings: Bindings, got: list[Any], payload: str) -> None:
    with structlog.testing.capture_logs() as logs:
        bindings.called("tell", payload)
    assert got == []
    assert [entry["binding"] for entry in logs] == ["tell"]


def test_a_call_that_nobody_bound_is_dropped(bindings: Bindings, got: list[Any]) -> None:
    bindings.called("other", "sx")
    assert got == []


def test_a_handler_that_raises_is_contained(bindings: Bindings) -> None:
    def handler(value: Any) -> None:
        raise RuntimeError("a handler's fault")

    bindings.add("fails", handler)
    with structlog.testing.capture_logs() as logs:
        bindings.called("fails", "sx")
    assert logs[0]["event"] == "browser.binding_failed"


def test_the_name_is_quoted_in_the_script(bindings: Bindings) -> None:
    assert 'globalThis["a\\"b"]' in bindings.add('a"b', print)
