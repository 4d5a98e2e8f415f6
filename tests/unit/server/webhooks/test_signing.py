from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from server.webhooks import signing

SECRET = b"0" * 32
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_the_check_vector_of_the_contract() -> None:
    body = signing.canonical_json({"b": 1, "a": {"z": "é", "y": [1, 2.5, None, True]}})
    assert body == '{"a":{"y":[1,2.5,null,true],"z":"é"},"b":1}'.encode()
    assert signing.body_signature(SECRET, body) == "J9xoynfk77UffxzVQOIxEMKaWgYa4dPBqDbbpriuvck="


@given(VALUES)
def test_a_receiver_that_writes_a_parsed_body_again_gets_the_same_bytes(value: Any) -> None:
    ours = signing.canonical_json(value)
    again = json.dumps(json.loads(ours), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert again.encode() == ours


def test_the_standard_headers_cover_id_time_and_body() -> None:
    headers = signing.headers([SECRET], "msg_1", 1_700_000_000, b"{}")
    expected = base64.b64encode(hmac.new(SECRET, b"msg_1.1700000000.{}", hashlib.sha256).digest()).decode()
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == "1700000000"
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["X-Webhook-Signature"] == signing.body_signature(SECRET, b"{}")


def test_while_a_rotation_overlaps_both_secrets_are_good() -> None:
    old, new = b"a" * 32, b"b" * 32
    headers = signing.headers([old, new], "msg_1", 1, b"{}")
    signatures = headers["webhook-signature"].split(" ")
    alone = [signing.headers([secret], "msg_1", 1, b"{}")["webhook-signature"] for secret in (new, old)]
    assert signatures == alone
    assert headers["X-Webhook-Signature"] == signing.body_signature(old, b"{}"), "the one that receivers know already"


def test_a_secret_is_shown_as_the_base64_of_32_bytes_of_chance() -> None:
    secrets = {signing.new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(base64.b64decode(signing.secret_text(secret))) == 32 for secret in secrets)
