"""Secrets of webhooks: made, sealed, and opened for signing."""

from __future__ import annotations

from typing import NamedTuple

from server.sealing import Sealer, SealError
from server.store import SecretRecord, Store
from server.webhooks.signing import new_secret


class Resealed(NamedTuple):
    """What came of sealing anew: how many were, and whose secrets no key opens."""

    changed: int
    unreadable: list[str]


def seal_new(sealer: Sealer, owner_id: str) -> tuple[bytes, bytes]:
    """A new secret, and the same sealed for its owner: a webhook, or a project for the webhooks of its bots."""
    secret = new_secret()
    return secret, sealer.seal(secret, _owner(owner_id))


def open_all(sealer: Sealer, record: SecretRecord, now_us: int) -> list[bytes]:
    """The secrets that sign now, oldest first. Raises SealError."""
    secrets = [sealer.open(record.sealed, _owner(record.owner_id))]
    if record.previous_sealed is not None and (record.previous_until_us or 0) > now_us:
        secrets.insert(0, sealer.open(record.previous_sealed, _owner(record.owner_id)))
    return secrets


async def reseal_all(sealer: Sealer, store: Store) -> Resealed:
    """Seals with the first key what an older one had sealed. One that no key opens is left, and keeps no other from it. Raises
    DatabaseAway.
    """
    changed, after = 0, ""
    unreadable: list[str] = []
    while records := await store.webhooks.secrets_after(after):
        after = records[-1].owner_id
        for record in records:
            sealed = [one for one in (record.sealed, record.previous_sealed) if one is not None]
            if all(sealer.is_current(one) for one in sealed):
                continue
            owner = _owner(record.owner_id)
            try:
                anew = [sealer.seal(sealer.open(one, owner), owner) for one in sealed]
            except SealError:
                unreadable.append(record.owner_id)
                continue
            changed += await store.webhooks.reseal(record, anew[0], anew[1] if anew[1:] else None)
    return Resealed(changed, unreadable)


def _owner(owner_id: str) -> str:
    return f"webhook_secret/{owner_id}"
