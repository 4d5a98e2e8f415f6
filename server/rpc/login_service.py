"""LoginService: accounts with which bots sign in, added, renewed and forgotten. A session goes in and never comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from rollcall.v1 import agent_service_pb2, bot_pb2
from rollcall.v1 import login_service_pb2 as pb
from server.domain.browser_state import BrowserState, BrowserStateError, parse_browser_state
from server.domain.errors import Violation
from server.domain.ids import new_id
from server.domain.names import wrong_with_name
from server.logins import owner_of
from server.rpc.auth import Caller
from server.rpc.convert import set_time
from server.rpc.validation import Check
from server.sealing import Sealer
from server.store.logins import LoginRecord, Logins

_SECOND_US = 1_000_000


@dataclass(slots=True)
class LoginService:
    """Handlers of LoginService. `now_us`: microseconds since the Unix epoch."""

    logins: Logins
    sealer: Sealer
    now_us: Callable[[], int]

    async def create_login(self, request: pb.CreateLoginRequest, caller: Caller) -> pb.CreateLoginResponse:
        """Raises Unfulfilled."""
        login_id = new_id("login")
        sealed, expires_us = self._sealed(login_id, request.state)
        record = await self.logins.create(
            login_id,
            caller.project_id,
            request.platform,
            request.group_name,
            request.name,
            sealed=sealed,
            expires_us=expires_us,
        )
        return pb.CreateLoginResponse(login=_message(record))

    async def get_login(self, request: pb.GetLoginRequest, caller: Caller) -> pb.GetLoginResponse:
        """Raises NotFound."""
        return pb.GetLoginResponse(login=_message(await self.logins.get(caller.project_id, request.login_id)))

    async def list_logins(self, request: pb.ListLoginsRequest, caller: Caller) -> pb.ListLoginsResponse:
        """Raises InvalidCursor."""
        page = await self.logins.list(
            caller.project_id,
            platform=request.platform if request.HasField("platform") else None,
            group_name=request.group_name if request.HasField("group_name") else None,
            cursor=request.cursor if request.HasField("cursor") else None,
        )
        return pb.ListLoginsResponse(next=page.next, previous=page.previous, results=[_message(one) for one in page.results])

    async def renew_login(self, request: pb.RenewLoginRequest, caller: Caller) -> pb.RenewLoginResponse:
        """Raises NotFound."""
        login_id = (await self.logins.get(caller.project_id, request.login_id)).id
        sealed, expires_us = self._sealed(login_id, request.state)
        record = await self.logins.renew(caller.project_id, login_id, sealed=sealed, expires_us=expires_us)
        return pb.RenewLoginResponse(login=_message(record))

    async def delete_login(self, request: pb.DeleteLoginRequest, caller: Caller) -> pb.DeleteLoginResponse:
        """Raises NotFound."""
        await self.logins.delete(caller.project_id, request.login_id)
        return pb.DeleteLoginResponse()

    def _sealed(self, login_id: str, text: str) -> tuple[bytes, int | None]:
        """The session of a checked text, sealed, and when the first of its cookies ends."""
        state = parse_browser_state(text, self.now_us() / _SECOND_US)
        expires_us = round(state.expires_s * _SECOND_US) or None
        return self.sealer.seal(_state_message(state).SerializeToString(), owner_of(login_id)), expires_us


def login_checks(now_us: Callable[[], int]) -> dict[type[Message], tuple[Check, ...]]:
    """The checks of this service's requests that the contract's rules cannot say."""

    def check_name(request: pb.CreateLoginRequest) -> Iterator[Violation]:
        for path in ("name", "group_name"):
            text = getattr(request, path)
            if text and (wrong := wrong_with_name(text)) is not None:
                yield Violation(path, wrong)

    def check_state(request: Any) -> Iterator[Violation]:
        if request.state:
            try:
                parse_browser_state(request.state, now_us() / _SECOND_US)
            except BrowserStateError as error:
                yield Violation("state", str(error))

    return {pb.CreateLoginRequest: (check_name, check_state), pb.RenewLoginRequest: (check_state,)}


def _state_message(state: BrowserState) -> agent_service_pb2.BrowserState:
    return agent_service_pb2.BrowserState(
        cookies=[
            agent_service_pb2.BrowserCookie(
                name=cookie.name,
                value=cookie.value,
                domain=cookie.domain,
                path=cookie.path,
                expires_seconds=cookie.expires_s,
                http_only=cookie.http_only,
                secure=cookie.secure,
                same_site=agent_service_pb2.SameSite.Value(f"SAME_SITE_{(cookie.same_site or 'unspecified').upper()}"),
            )
            for cookie in state.cookies
        ],
        origins=[
            agent_service_pb2.OriginStorage(origin=one.origin, local_storage=one.local, session_storage=one.session)
            for one in state.origins
        ],
    )


def _message(record: LoginRecord) -> pb.Login:
    login = pb.Login(
        id=record.id,
        platform=bot_pb2.Platform.Name(record.platform),  # type: ignore[arg-type]  # the column holds a number of the contract
        group_name=record.group_name,
        name=record.name,
        bot_id=record.bot_id,
        problem=record.problem,
    )
    set_time(login.created_at, record.created_us)
    set_time(login.renewed_at, record.renewed_us)
    if record.expires_us is not None:
        set_time(login.expires_at, record.expires_us)
    if record.last_used_us is not None:
        set_time(login.last_used_at, record.last_used_us)
    return login
