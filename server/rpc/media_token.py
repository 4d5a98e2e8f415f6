"""The signed word in a recording's URL: which file of which bot, until when. Whoever holds it may read that file alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import NamedTuple

from server.domain.errors import PermissionDenied

NOT_VALID = "This link is not valid; ask for the recording again to get a new one."
EXPIRED = "This link has expired; ask for the recording again to get a new one."
_MAC_BYTES = 32


class MediaClaim(NamedTuple):
    """What a token says. `file_path` is relative to the media folder."""

    bot_id: str
    file_path: str


class MediaTokens:
    """Makes and reads tokens: URL-safe base64 of the HMAC-SHA256 and what it signs."""

    def __init__(self, secret: str, lasts_seconds: int, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret.encode()
        self._lasts_seconds = lasts_seconds
        self._clock = clock

    def sign(self, bot_id: str, file_path: str) -> str:
        """A token that works from now on for as long as tokens last."""
        expires = int(self._clock()) + self._lasts_seconds
        said = "\n".join((str(expires), bot_id, file_path)).encode()
        return base64.urlsafe_b64encode(self._mac(said) + said).rstrip(b"=").decode()

    def read(self, token: str) -> MediaClaim:
        """What a token says. Raises PermissionDenied for one that is not ours or too old."""
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise PermissionDenied(NOT_VALID) from None
        mac, said = data[:_MAC_BYTES], data[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(said)):
            raise PermissionDenied(NOT_VALID)
        expires, bot_id, file_path = said.decode().split("\n", 2)
        if int(expires) < self._clock():
            raise PermissionDenied(EXPIRED)
        return MediaClaim(bot_id, file_path)

    def _mac(self, said: bytes) -> bytes:
        return hmac.new(self._secret, b"rollcall media\n" + said, hashlib.sha256).digest()
