"""Accounts with which bots sign in: `store.logins`. One account is one bot's at a time, for as long as that bot's lease.

Each operation has a transaction of its own, and locks its bot first, then accounts in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, case, delete, select, update

from server.domain.errors import NotFound, Unfulfilled
from server.domain.state import ATTENDING, BotState
from server.store import leases
from server.store.batch import Batch
from server.store.login_tables import LOGIN
from server.store.pages import PageCursor, read_page
from server.store.reader import Reader
from server.store.records import Page
from server.store.tables import BOT
from server.store.texts import is_id, storable
from server.store.writer import Op, Writer

_PRESENT: Final = tuple(sorted(state.value for state in (*ATTENDING, BotState.STAGED, BotState.LEAVING)))
_HELD: Final = and_(
    LOGIN.c.holder_bot_id == BOT.c.id,
    BOT.c.worker_id.is_not(None),
    BOT.c.epoch == LOGIN.c.holder_epoch,
    BOT.c.state.in_(_PRESENT),
)
"""Whether its holder still has it: under the very lease under which it was taken, and not yet out of the meeting. A staged bot
takes it before its time comes, to be ready."""
_PLACE: Final = (int, str)


@dataclass(frozen=True, slots=True)
class LoginRecord:
    """An account without its session. `platform`: rollcall.v1.Platform; `bot_id`: who has it now."""

    id: str
    project_id: str
    platform: int
    group_name: str
    name: str
    expires_us: int | None
    problem: str | None
    last_used_us: int | None
    renewed_us: int
    created_us: int
    bot_id: str | None


@dataclass(frozen=True, slots=True)
class TakenLogin:
    """An account for a bot: its sealed session, or why there is none."""

    id: str = ""
    name: str = ""
    sealed: bytes = field(default=b"", repr=False)
    busy: int = 0
    """Where there is none: how many of the group are other bots' now."""
    refused: int = 0
    """And how many wait to be renewed."""


_OWN: Final = tuple(LOGIN.c[name] for name in LoginRecord.__dataclass_fields__ if name != "bot_id")
_JOINED: Final = LOGIN.outerjoin(BOT, _HELD)
_RECORDS: Final = select(*_OWN, BOT.c.id.label("bot_id")).select_from(_JOINED)
_LOCK: Final = (
    select(LOGIN.c.id)
    .where(
        LOGIN.c.project_id == bindparam("project_id"),
        LOGIN.c.platform == bindparam("platform"),
        LOGIN.c.group_name == bindparam("group_name"),
    )
    .order_by(LOGIN.c.id)
    .with_for_update()
)
"""Before the group is read: a row that was waited for would be joined to the holder that it had before."""
_GROUP: Final = (
    select(LOGIN.c.id, LOGIN.c.name, LOGIN.c.sealed, LOGIN.c.problem, BOT.c.id.label("bot_id"))
    .select_from(_JOINED)
    .where(
        LOGIN.c.project_id == bindparam("project_id"),
        LOGIN.c.platform == bindparam("platform"),
        LOGIN.c.group_name == bindparam("group_name"),
    )
    # The bot's own first, then the one that has rested longest.
    .order_by(case((LOGIN.c.holder_bot_id == bindparam("bot_id"), 0), else_=1), LOGIN.c.last_used_us.nulls_first(), LOGIN.c.id)
)
_TAKE: Final = (
    update(LOGIN)
    .where(LOGIN.c.id == bindparam("key"))
    .values(holder_bot_id=bindparam("holder"), holder_epoch=bindparam("epoch"), last_used_us=bindparam("now_us"))
)
_REFUSE: Final = (
    update(LOGIN)
    .where(
        LOGIN.c.id == bindparam("key"), LOGIN.c.holder_bot_id == bindparam("holder"), LOGIN.c.holder_epoch == bindparam("epoch")
    )
    .values(problem=bindparam("why"), holder_bot_id=None)
)


def read_login(connection: Connection, project_id: str | None, login_id: str) -> LoginRecord:
    """One account. Raises NotFound, also for another project's."""
    row = connection.execute(_RECORDS.where(LOGIN.c.id == login_id)).first() if is_id(login_id) else None
    if row is None or (project_id is not None and row.project_id != project_id):
        raise NotFound("Login")
    return LoginRecord(**row._asdict())


class CreateLogin(Op[LoginRecord]):
    """A new account."""

    alone = True

    def __init__(
        self, login_id: str, project_id: str, platform: int, group_name: str, name: str, *, sealed: bytes, expires_us: int | None
    ) -> None:
        self._values: dict[str, Any] = {
            "id": login_id,
            "project_id": project_id,
            "platform": platform,
            "group_name": storable(group_name),
            "name": storable(name),
            "sealed": sealed,
            "expires_us": expires_us,
        }

    def run(self, batch: Batch) -> LoginRecord:
        """Raises Unfulfilled (LOGIN_NAME_IN_USE)."""
        values = self._values
        same = select(LOGIN.c.id).where(
            *(LOGIN.c[name] == values[name] for name in ("project_id", "platform", "group_name", "name"))
        )
        found = batch.connection.execute(same).scalar_one_or_none()
        if found is not None:
            raise Unfulfilled(
                "LOGIN_NAME_IN_USE",
                f"The group has an account of that name, {found}; renew that one, or give another name.",
                {"login_id": found},
            )
        now = batch.now_us
        batch.connection.execute(LOGIN.insert(), values | {"renewed_us": now, "created_us": now, "holder_epoch": 0})
        return read_login(batch.connection, None, values["id"])


class RenewLogin(Op[LoginRecord]):
    """A new session for an account."""

    alone = True

    def __init__(self, project_id: str, login_id: str, *, sealed: bytes, expires_us: int | None) -> None:
        self._project_id = project_id
        self._id = login_id
        self._changes = {"sealed": sealed, "expires_us": expires_us, "problem": None}

    def run(self, batch: Batch) -> LoginRecord:
        """Raises NotFound."""
        found = read_login(batch.connection, self._project_id, self._id)
        batch.connection.execute(update(LOGIN).where(LOGIN.c.id == found.id).values(**self._changes, renewed_us=batch.now_us))
        return read_login(batch.connection, None, found.id)


class DeleteLogin(Op[None]):
    """An account that is gone."""

    alone = True

    def __init__(self, project_id: str, login_id: str) -> None:
        self._project_id = project_id
        self._id = login_id

    def run(self, batch: Batch) -> None:
        """Raises NotFound."""
        found = read_login(batch.connection, self._project_id, self._id)
        batch.connection.execute(delete(LOGIN).where(LOGIN.c.id == found.id))


class TakeLogin(Op[TakenLogin]):
    """An account of a group for a bot; the same again where it has one already."""

    alone = True

    def __init__(self, bot_id: str, epoch: int, platform: int, group_name: str) -> None:
        self.bot_ids = (bot_id,)
        self._epoch = epoch
        self._platform = platform
        self._group_name = storable(group_name)

    def run(self, batch: Batch) -> TakenLogin:
        """Raises NotFound, LeaseLost."""
        row = leases.held(batch.bot(self.bot_ids[0]), self._epoch)
        asked = {"project_id": row.project_id, "platform": self._platform, "group_name": self._group_name, "bot_id": row.id}
        batch.connection.execute(_LOCK, {name: value for name, value in asked.items() if name != "bot_id"}).all()
        found = batch.connection.execute(_GROUP, asked).all()
        usable = [one for one in found if one.problem is None]
        free = next((one for one in usable if one.bot_id in {None, row.id}), None)
        if free is None:
            return TakenLogin(busy=len(usable), refused=len(found) - len(usable))
        batch.connection.execute(_TAKE, {"key": free.id, "holder": row.id, "epoch": row.epoch, "now_us": batch.now_us})
        return TakenLogin(free.id, free.name, bytes(free.sealed))


class RefuseLogin(Op[None]):
    """The platform did not take the account that a bot has."""

    alone = True

    def __init__(self, bot_id: str, epoch: int, login_id: str, problem: str) -> None:
        self.bot_ids = (bot_id,)
        self._epoch = epoch
        self._id = login_id
        self._problem = storable(problem)

    def run(self, batch: Batch) -> None:
        """Silent where the bot does not have it. Raises NotFound, LeaseLost."""
        row = leases.held(batch.bot(self.bot_ids[0]), self._epoch)
        if is_id(self._id):
            asked = {"key": self._id, "holder": row.id, "epoch": row.epoch, "why": self._problem}
            batch.connection.execute(_REFUSE, asked)


class ResealLogin(Op[bool]):
    """Puts the same session, sealed anew, in the place of what was read; False where it was renewed meanwhile."""

    alone = True

    def __init__(self, login_id: str, read: bytes, sealed: bytes) -> None:
        self._id = login_id
        self._read = read
        self._sealed = sealed

    def run(self, batch: Batch) -> bool:
        """Whether it did."""
        same = update(LOGIN).where(LOGIN.c.id == self._id, LOGIN.c.sealed == self._read)
        return batch.connection.execute(same.values(sealed=self._sealed)).rowcount == 1


class Logins:
    """As Store: safe to call from its event loop, and every method raises DatabaseAway."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def create(
        self, login_id: str, project_id: str, platform: int, group_name: str, name: str, *, sealed: bytes, expires_us: int | None
    ) -> LoginRecord:
        """A new account. Raises Unfulfilled (LOGIN_NAME_IN_USE)."""
        op = CreateLogin(login_id, project_id, platform, group_name, name, sealed=sealed, expires_us=expires_us)
        return await self._writer.submit(op)

    async def get(self, project_id: str | None, login_id: str) -> LoginRecord:
        """One account. Raises NotFound."""
        return await self._reader.run(lambda connection: read_login(connection, project_id, login_id))

    async def list(
        self,
        project_id: str,
        *,
        platform: int | None = None,
        group_name: str | None = None,
        cursor: str | None = None,
        limit: int = 25,
    ) -> Page[LoginRecord]:
        """A page of a project's accounts, oldest first. Raises InvalidCursor."""
        place = PageCursor.parse(cursor, _PLACE)
        statement = _RECORDS.where(LOGIN.c.project_id == project_id)
        if platform is not None:
            statement = statement.where(LOGIN.c.platform == platform)
        if group_name is not None:
            statement = statement.where(LOGIN.c.group_name == storable(group_name))
        return await self._reader.run(
            lambda connection: read_page(
                connection,
                statement,
                (LOGIN.c.created_us, LOGIN.c.id),
                place,
                limit,
                key=lambda row: (row.created_us, row.id),
                item=lambda row: LoginRecord(**row._asdict()),
            )
        )

    async def renew(self, project_id: str, login_id: str, *, sealed: bytes, expires_us: int | None) -> LoginRecord:
        """The account with another session. Raises NotFound."""
        return await self._writer.submit(RenewLogin(project_id, login_id, sealed=sealed, expires_us=expires_us))

    async def delete(self, project_id: str, login_id: str) -> None:
        """Forgets an account. Raises NotFound."""
        await self._writer.submit(DeleteLogin(project_id, login_id))

    async def sealed_after(self, login_id: str, most: int = 100) -> Sequence[tuple[str, bytes]]:
        """Accounts of all projects with their sealed sessions, ordered by id from after this one on. For sealing them anew."""
        statement = select(LOGIN.c.id, LOGIN.c.sealed).where(LOGIN.c.id > login_id).order_by(LOGIN.c.id).limit(most)
        return await self._reader.run(lambda connection: [(row.id, bytes(row.sealed)) for row in connection.execute(statement)])

    async def reseal(self, login_id: str, read: bytes, sealed: bytes) -> bool:
        """Stores a session that was sealed anew, unless it was renewed meanwhile."""
        return await self._writer.submit(ResealLogin(login_id, read, sealed))

    async def take(self, bot_id: str, epoch: int, platform: int, group_name: str) -> TakenLogin:
        """An account for a bot under its lease. Raises NotFound, LeaseLost."""
        return await self._writer.submit(TakeLogin(bot_id, epoch, platform, group_name))

    async def refuse(self, bot_id: str, epoch: int, login_id: str, problem: str) -> None:
        """Notes why no bot is to take it until it is renewed. Raises NotFound, LeaseLost."""
        await self._writer.submit(RefuseLogin(bot_id, epoch, login_id, problem))
