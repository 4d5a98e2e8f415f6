"""Accounts handed to agents: the only place where a session is read again."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Final

import structlog

from rollcall.v1 import agent_service_pb2 as pb
from rollcall.v1 import bot_pb2
from rollcall.v1.bot_settings_pb2 import BotSettings
from server.domain.errors import DatabaseAway
from server.sealing import Sealer, SealError
from server.store import Lease
from server.store.logins import Logins, TakenLogin

_log = structlog.get_logger(__name__)

_UNREADABLE: Final = (
    "The account's session cannot be decrypted: the server's sealing key has changed. Export it anew and renew the account."
)


def owner_of(login_id: str) -> str:
    """What a session is sealed for."""
    return f"login/{login_id}"


@dataclass(frozen=True, slots=True)
class LoginDesk:
    """Gives accounts to bots, and takes back word of those that platforms refuse."""

    logins: Logins
    sealer: Sealer

    async def give(self, lease: Lease) -> pb.LoginGiven:
        """An account for the holder of a lease, or in words why there is none. Raises LeaseLost."""
        group = group_of(lease)
        while True:
            taken = await self.logins.take(lease.bot.id, lease.epoch, lease.bot.platform, group)
            if not taken.id:
                return pb.LoginGiven(problem=_none_there(taken, group))
            try:
                state = pb.BrowserState.FromString(self.sealer.open(taken.sealed, owner_of(taken.id)))
            except SealError:
                _log.error("login_unreadable", login_id=taken.id, setting="ROLLCALL_SEALING_KEYS")
                await self.logins.refuse(lease.bot.id, lease.epoch, taken.id, _UNREADABLE)
                continue
            return pb.LoginGiven(login_id=taken.id, name=taken.name, state=state)

    async def reseal(self) -> int:
        """Seals with the first key what an older one had sealed; gives how many there were. One that no key opens is left,
        and told of when a bot asks for it.
        """
        changed, after = 0, ""
        while found := await self.logins.sealed_after(after):
            after = found[-1][0]
            for login_id, sealed in found:
                if not self.sealer.is_current(sealed):
                    with contextlib.suppress(SealError):
                        anew = self.sealer.seal(self.sealer.open(sealed, owner_of(login_id)), owner_of(login_id))
                        changed += await self.logins.reseal(login_id, sealed, anew)
        return changed

    async def reseal_beside(self) -> None:
        """As `reseal`, beside everything else: a database that is away is for the next start."""
        try:
            if count := await self.reseal():
                _log.info("logins_sealed_anew", count=count)
        except DatabaseAway:
            _log.warning("logins_not_resealed", reason="database away")

    async def refuse(self, lease: Lease, refusal: pb.RefuseLogin) -> None:
        """Notes what the platform said of the account that the bot has. Raises LeaseLost."""
        await self.logins.refuse(lease.bot.id, lease.epoch, refusal.login_id, refusal.problem)


def group_of(lease: Lease) -> str:
    """The group that the bot's settings name for its platform."""
    settings = BotSettings.FromString(lease.settings)
    if lease.bot.platform == bot_pb2.PLATFORM_TEAMS:
        return settings.teams_settings.login_group_name
    return settings.google_meet_settings.login_group_name


def _none_there(taken: TakenLogin, group: str) -> str:
    where = f"the group “{group}”" if group else "the group without a name"
    if taken.busy:
        return f"All {taken.busy} usable accounts of {where} are in meetings now; add another: rollcall logins add."
    if taken.refused:
        return f"The platform refused all {taken.refused} accounts of {where}; export their sessions anew: rollcall logins renew."
    return f"There is no account in {where}; add one: rollcall logins add."
