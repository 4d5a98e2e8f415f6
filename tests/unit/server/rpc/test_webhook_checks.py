from __future__ import annotations

import pytest

from rollcall.outward import Policy
from rollcall.v1 import webhook_service_pb2 as pb
from server.domain.errors import InvalidFields
from server.rpc.validation import Validator
from server.rpc.webhook_service import webhook_checks

TRIGGERS = ["bot.state_change"]


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "http://hooks.example.com/", "https://a:b@c.com/"]
)
def test_a_place_that_no_webhook_may_go_to_is_refused_when_it_is_given(url: str) -> None:
    validator = Validator(webhook_checks(Policy()))
    for request in (pb.CreateWebhookRequest(url=url, triggers=TRIGGERS), pb.UpdateWebhookRequest(webhook_id="wh_1", url=url)):
        with pytest.raises(InvalidFields) as caught:
            validator.validate(request)
        assert [violation.path for violation in caught.value.violations] == ["url"]


def test_what_is_not_changed_is_not_judged() -> None:
    Validator(webhook_checks(Policy())).validate(pb.UpdateWebhookRequest(webhook_id="wh_1", enabled=True))
