"""The table of accounts with which bots sign in; as tables.py."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Index, LargeBinary, SmallInteger, Text
from sqlmodel import Field, SQLModel

from server.store.tables import table_of


class Login(SQLModel, table=True):
    """An account. `sealed`: its session, a rollcall.v1.BrowserState sealed for `login/<id>` (server/sealing.py).

    `holder_bot_id` has it under that bot's lease of `holder_epoch`, which ends it however the worker dies: there is nothing to be
    cleaned up. `problem`: why no bot takes it until it is renewed.
    """

    __table_args__ = (
        Index("uq_login_project_id_platform_group_name_name", "project_id", "platform", "group_name", "name", unique=True),
        Index("ix_login_project_id_created_us_id", "project_id", "created_us", "id"),
    )

    id: str = Field(primary_key=True)
    project_id: str = Field(foreign_key="project.id")
    platform: int = Field(sa_type=SmallInteger)
    group_name: str
    name: str
    sealed: bytes = Field(sa_type=LargeBinary)
    expires_us: int | None = Field(default=None, sa_type=BigInteger)
    problem: str | None = Field(default=None, sa_type=Text)
    holder_bot_id: str | None = None
    holder_epoch: int = Field(default=0, sa_type=BigInteger)
    last_used_us: int | None = Field(default=None, sa_type=BigInteger)
    renewed_us: int = Field(sa_type=BigInteger)
    created_us: int = Field(sa_type=BigInteger)


LOGIN: Final = table_of(Login)
