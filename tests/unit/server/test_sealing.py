from __future__ import annotations

import secrets

import pytest

from server.sealing import Sealer, SealError

SECRET = b"thirty-two bytes of great secrecy"


def key() -> str:
    return secrets.token_urlsafe(32)


def test_what_was_sealed_is_opened_and_is_not_to_be_read_meanwhile() -> None:
    sealer = Sealer([key()])
    sealed = sealer.seal(SECRET, "webhook/wh_1")
    assert SECRET not in sealed
    assert sealer.open(sealed, "webhook/wh_1") == SECRET
    assert sealer.seal(SECRET, "webhook/wh_1") != sealed, "the same secret never looks the same twice"


def test_a_sealed_secret_that_was_moved_or_changed_does_not_open() -> None:
    sealer = Sealer([key()])
    sealed = sealer.seal(SECRET, "webhook/wh_1")
    with pytest.raises(SealError):
        sealer.open(sealed, "webhook/wh_2")
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        with pytest.raises(SealError):
            sealer.open(bytes(changed), "webhook/wh_1")
    for length in range(len(sealed)):
        with pytest.raises(SealError):
            sealer.open(sealed[:length], "webhook/wh_1")


def test_an_older_key_still_opens_and_the_first_one_seals() -> None:
    old, new = key(), key()
    sealed = Sealer([old]).seal(SECRET, "a")
    both = Sealer([new, old])
    assert both.open(sealed, "a") == SECRET
    assert not both.is_current(sealed)
    again = both.seal(both.open(sealed, "a"), "a")
    assert both.is_current(again)
    assert Sealer([new]).open(again, "a") == SECRET
    with pytest.raises(SealError):
        Sealer([new]).open(sealed, "a")


@pytest.mark.parametrize("keys", [[], [""], ["short"], ["?" * 43], [secrets.token_urlsafe(16)]])
def test_what_is_no_key_is_refused_without_being_shown(keys: list[str]) -> None:
    with pytest.raises(SealError) as caught:
        Sealer(keys)
    assert not keys or not keys[0] or keys[0] not in str(caught.value)
