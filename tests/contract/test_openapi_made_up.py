"""Requests made up from the OpenAPI document, right ones and wrong ones, for every path that is in it, new ones by themselves.

None of them is a 500, and each answer is one that the document shows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.generation import GenerationMode

from gateway import routes
from gateway.openapi import document
from tests.contract.threaded import Threaded, threaded

SCHEMA = schemathesis.openapi.from_dict(document(routes.build()))
OPERATIONS = {f"{one.method.upper()} {one.path}": one for found in SCHEMA.get_all_operations() if (one := found.ok())}
MANY = int(os.environ.get("ROLLCALL_REQUESTS", "20"))
NO_HTTP = "Invalid HTTP request received."
"""What the HTTP server itself says, with a 400, of headers that no HTTP message can hold."""
ALWAYS = (checks.not_a_server_error, checks.content_type_conformance, checks.response_schema_conformance)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Threaded]:
    with threaded(tmp_path_factory.mktemp("made_up")) as one:
        yield one


def test_every_route_is_tried() -> None:
    assert set(OPERATIONS) == {f"{route.verb} {route.path}" for route in routes.build()}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_is_a_500_and_each_answer_is_documented(served: Threaded, name: str, mode: GenerationMode) -> None:
    operation = OPERATIONS[name]
    key = served.admin_token if operation.tags == ["ProjectService"] else served.key

    @settings(max_examples=MANY, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), bot_id=st.sampled_from([*served.bots, None]))
    def ask(case: schemathesis.Case, bot_id: str | None) -> None:
        if bot_id is not None and "bot_id" in case.path_parameters:
            case.path_parameters["bot_id"] = bot_id
        answer = case.call(base_url=served.http, headers={"Authorization": f"Token {key}"}, timeout=20)
        if answer.text != NO_HTTP:
            case.validate_response(answer, checks=list(ALWAYS))

    ask()
