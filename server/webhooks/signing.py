"""Signatures over the very bytes that are sent.

Two, for two kinds of receivers: `X-Webhook-Signature`, the HMAC of the body alone, as programs written for the existing API check
it; and the three headers of the Standard Webhooks specification 1.0, which also cover id and time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Any, Final

import orjson

SECRET_BYTES: Final = 32


def canonical_json(payload: Any) -> bytes:
    """Keys sorted, no spaces, UTF-8 not escaped: what `json.dumps(…, sort_keys=True, ensure_ascii=False, separators=(",", ":"))`
    gives, so that a receiver may also check a body that it has parsed and written again.
    """
    return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)


def new_secret() -> bytes:
    """256 bits of chance."""
    return os.urandom(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """A secret as its owner sees it: base64. Programs for the existing API decode just that, and libraries for Standard Webhooks
    take it with or without `whsec_` before it.
    """
    return base64.b64encode(secret).decode()


def body_signature(secret: bytes, body: bytes) -> str:
    """Of the body alone."""
    return base64.b64encode(hmac.digest(secret, body, hashlib.sha256)).decode()


def headers(secrets: Sequence[bytes], message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The headers of a request. `secrets`, oldest first: during a rotation's overlap there are two.

    `webhook-signature` has one signature for each. `X-Webhook-Signature` can hold one only, and is made with the oldest: what
    works today goes on working for as long as the overlap lasts.
    """
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return {
        "Content-Type": "application/json",
        "X-Webhook-Signature": body_signature(secrets[0], body),
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{body_signature(secret, signed)}" for secret in reversed(secrets)),
    }
