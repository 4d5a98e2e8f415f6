"""Accounts with which bots sign in, from Python: `Client.logins`, and `AsyncClient.logins` for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final

from google.protobuf.message import Message

from rollcall.client_plans import Pages
from rollcall.v1 import bot_pb2
from rollcall.v1 import login_service_pb2 as pb

SERVICE: Final = "/rollcall.v1.LoginService/"


class Logins:
    """Every method raises an error of rollcall.errors. `state` is the text of an exported session; docs/logins.md says how.

    call: sends a request of a method and gives its answer; pages: reads a list, page after page.
    """

    def __init__(self, call: Callable[[str, Message], Any], pages: Callable[[Pages[Any]], Iterator[Any]]) -> None:
        self._call = call
        self._pages = pages

    def add(self, platform: str, name: str, state: str, *, group_name: str = "") -> pb.Login:
        """A new account of a group. `platform`: google_meet or teams; anything else is a ValueError."""
        answer: pb.CreateLoginResponse = self._call(SERVICE + "CreateLogin", _new(platform, name, state, group_name))
        return answer.login

    def list(self, **filters: Any) -> Iterator[pb.Login]:
        """The project's accounts, oldest first. Filters: `platform`, `group_name`."""
        return self._pages(_listing(filters))

    def get(self, login_id: str) -> pb.Login:
        """One account."""
        answer: pb.GetLoginResponse = self._call(SERVICE + "GetLogin", pb.GetLoginRequest(login_id=login_id))
        return answer.login

    def renew(self, login_id: str, state: str) -> pb.Login:
        """The account with a newly exported session; one that was refused is used again."""
        answer: pb.RenewLoginResponse = self._call(SERVICE + "RenewLogin", pb.RenewLoginRequest(login_id=login_id, state=state))
        return answer.login

    def delete(self, login_id: str) -> None:
        """Forgets an account and its session."""
        self._call(SERVICE + "DeleteLogin", pb.DeleteLoginRequest(login_id=login_id))


class AsyncLogins:
    """As Logins, for asyncio."""

    def __init__(self, call: Callable[[str, Message], Awaitable[Any]], pages: Callable[[Pages[Any]], AsyncIterator[Any]]) -> None:
        self._call = call
        self._pages = pages

    async def add(self, platform: str, name: str, state: str, *, group_name: str = "") -> pb.Login:
        """As Logins.add."""
        answer: pb.CreateLoginResponse = await self._call(SERVICE + "CreateLogin", _new(platform, name, state, group_name))
        return answer.login

    def list(self, **filters: Any) -> AsyncIterator[pb.Login]:
        """As Logins.list."""
        return self._pages(_listing(filters))

    async def get(self, login_id: str) -> pb.Login:
        """As Logins.get."""
        answer: pb.GetLoginResponse = await self._call(SERVICE + "GetLogin", pb.GetLoginRequest(login_id=login_id))
        return answer.login

    async def renew(self, login_id: str, state: str) -> pb.Login:
        """As Logins.renew."""
        answer: pb.RenewLoginResponse = await self._call(
            SERVICE + "RenewLogin", pb.RenewLoginRequest(login_id=login_id, state=state)
        )
        return answer.login

    async def delete(self, login_id: str) -> None:
        """As Logins.delete."""
        await self._call(SERVICE + "DeleteLogin", pb.DeleteLoginRequest(login_id=login_id))


def _platform(word: str) -> bot_pb2.Platform.ValueType:
    try:
        return bot_pb2.Platform.Value(f"PLATFORM_{word.upper()}")
    except ValueError:
        raise ValueError(f"there is no platform {word!r}; bots sign in at google_meet and teams") from None


def _new(platform: str, name: str, state: str, group_name: str) -> Message:
    return pb.CreateLoginRequest(platform=_platform(platform), name=name, state=state, group_name=group_name)


def _listing(filters: dict[str, Any]) -> Pages[pb.Login]:
    fields = dict(filters)
    if "platform" in fields:
        fields["platform"] = _platform(fields["platform"])
    return Pages("ListLogins", pb.ListLoginsRequest, fields, service=SERVICE)
