"""The example that people copy from docs/webhooks.md works."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from server.domain.webhooks import RETRY_S, WebhookTrigger
from server.webhooks import signing

PAGE = (Path(__file__).parents[4] / "docs/webhooks.md").read_text()
BODY = signing.canonical_json({"a": "ä"})


@pytest.fixture
def check() -> Any:
    [example] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/webhooks.md", "exec"), names)
    return names["is_from_rollcall"]


def headers(*secrets: bytes, at: float | None = None) -> dict[str, str]:
    found = signing.headers(secrets, "key-1", int(time.time() if at is None else at), BODY)
    return {name.lower(): value for name, value in found.items()}


def test_the_documented_check_takes_what_is_sent_and_nothing_else(check: Any) -> None:
    old, new, other = (signing.new_secret() for _ in range(3))
    shown = [signing.secret_text(secret) for secret in (old, new)]
    assert check(headers(old), BODY, shown[:1])
    assert check(headers(old, new), BODY, shown[1:])
    assert check(headers(old, new), BODY, shown[:1])
    assert check(headers(new), BODY, shown)
    assert not check(headers(other), BODY, shown)
    assert not check(headers(old), BODY + b" ", shown)
    assert not check({**headers(old), "webhook-id": "key-2"}, BODY, shown)
    assert not check(headers(old, at=time.time() - 3600), BODY, shown)


def test_the_page_names_every_trigger_and_the_retries_as_they_are() -> None:
    assert all(f"`{trigger.value}`" in PAGE for trigger in WebhookTrigger)
    assert RETRY_S == (0, 5, 300, 1800, 7200, 18_000, 36_000, 36_000)
    assert "5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h" in PAGE
