"""Secrets that have to be read again (webhook secrets, logins), encrypted at rest: AES-256-GCM under a key of the installation.

A sealed secret is bound to what it belongs to: copied to another row it cannot be opened. Of several keys the first seals and all
open, so that keys can be changed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION: Final = b"\x01"
_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = len(_VERSION) + _KEY_ID_BYTES + _NONCE_BYTES


class SealError(Exception):
    """A sealed secret that no key here opens, or one that belongs elsewhere; or keys that are none. The text holds no secret."""


class Sealer:
    """Seals and opens. `keys`: URL-safe base64 of 32 bytes each, as `read_or_make` of server.secrets writes them."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises SealError."""
        raw = [_key(text) for text in keys]
        if not raw:
            raise SealError("there is no sealing key")
        self._ciphers = {_key_id(key): AESGCM(key) for key in reversed(raw)}
        self._first = _key_id(raw[0])

    def seal(self, secret: bytes, owner: str) -> bytes:
        """The secret, sealed for what it belongs to, as `webhook/wh_…`."""
        nonce = os.urandom(_NONCE_BYTES)
        head = _VERSION + self._first + nonce
        return head + self._ciphers[self._first].encrypt(nonce, secret, _bound_to(owner, head))

    def open(self, sealed: bytes, owner: str) -> bytes:
        """The secret. Raises SealError."""
        cipher = self._ciphers.get(_key_id_of(sealed))
        if cipher is None or len(sealed) < _HEAD_BYTES:
            raise SealError("no key of this server opens it; its key was taken out of the sealing keys")
        head, text = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        try:
            return cipher.decrypt(head[-_NONCE_BYTES:], text, _bound_to(owner, head))
        except InvalidTag:
            raise SealError("it was changed, or belongs to something else") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether it is sealed with the first key."""
        return _key_id_of(sealed) == self._first


def _key(text: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise SealError("a sealing key is the URL-safe base64 of 32 random bytes")
    return key


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"rollcall sealing key" + key).digest()[:_KEY_ID_BYTES]


def _key_id_of(sealed: bytes) -> bytes:
    return sealed[1 : 1 + _KEY_ID_BYTES] if sealed[:1] == _VERSION else b""


def _bound_to(owner: str, head: bytes) -> bytes:
    return head + owner.encode()
