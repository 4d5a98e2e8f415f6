from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
import structlog.testing

from agents.browser import bindings as bindings_module
from agents.browser.bindings import Bindings


@pytest.fixture
def got() -> list[Any]:
    return []


@pytest.fixture
def bindings(got: list[Any]) -> Bindings:
    bindings = Bindings(lambda: None)
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


def test_a_page_that_calls_without_end_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    floods: list[int] = []
    bindings = Bindings(lambda: floods.append(1))
    for _ in range(bindings_module.FLOOD_CALLS):
        bindings.called("unbound", "sx")
    assert floods == [1]


def test_many_calls_over_a_long_time_are_no_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    floods: list[int] = []
    clock = itertools.count(0, 100)
    monkeypatch.setattr(bindings_module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    bindings = Bindings(lambda: floods.append(1))
    for _ in range(3 * bindings_module.FLOOD_CALLS):
        bindings.called("unbound", "sx")
    assert floods == []


def test_half_a_character_costs_nothing_but_itself(bindings: Bindings, got: list[Any]) -> None:
    bindings.called("tell", 'j{"name":"Ada \\ud83d","letter":"\\ude00"}')
    assert got == [{"name": "Ada ?", "letter": "?"}]


def test_a_page_that_says_nonsense_without_end_does_not_fill_the_log(bindings: Bindings) -> None:
    with structlog.testing.capture_logs() as logs:
        for nonsense in itertools.repeat("j{", 1000):
            bindings.called("tell", nonsense)
        bindings.called("tell", "j" + "[" * 100_000)
    assert len(logs) == bindings_module.MOST_FAULTS_TOLD
