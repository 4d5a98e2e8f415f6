"""Who may call: distinct words for a missing, a malformed and a wrong key; a key is looked up once a second at most."""

from __future__ import annotations

import asyncio

import pytest

from server.domain.errors import DatabaseAway, PermissionDenied, Unauthenticated
from server.rpc.auth import Authenticator, Caller
from server.rpc.methods import Access

WORKER = "worker-token"
ADMIN = "admin-token"


class Keys:
    def __init__(self) -> None:
        self.projects: dict[str, str] = {"good": "proj_1"}
        self.looked_up: list[str] = []
        self.now = 0.0
        self.away = False

    async def find(self, key: str) -> Caller | None:
        self.looked_up.append(key)
        await asyncio.sleep(0)
        if self.away:
            raise DatabaseAway
        project_id = self.projects.get(key)
        return Caller(project_id) if project_id else None

    def authenticator(self) -> Authenticator:
        return Authenticator(self.find, worker_token=WORKER, admin_token=ADMIN, cache_seconds=1.0, clock=lambda: self.now)


@pytest.mark.parametrize("header", ["Token good", "token good", "TOKEN  good", "Bearer good", "bearer good"])
@pytest.mark.parametrize("name", ["authorization", "Authorization"])
async def test_a_key_opens_its_project_whatever_the_case(name: str, header: str) -> None:
    caller = await Keys().authenticator().caller(Access.PROJECT, [(name, header)])
    assert caller.project_id == "proj_1"


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ([], "KEY_MISSING"),
        ([("authorization", "")], "KEY_MISSING"),
        ([("authorization", "good")], "KEY_MALFORMED"),
        ([("authorization", "Basic good")], "KEY_MALFORMED"),
        ([("authorization", "Token good bad")], "KEY_MALFORMED"),
        ([("authorization", "Token")], "KEY_MALFORMED"),
        ([("authorization", "Token wrong")], "KEY_INVALID"),
        ([("authorization", "Token schlüssel")], "KEY_INVALID"),
    ],
)
async def test_a_key_that_is_not_right_is_refused_for_what_it_is(metadata: list[tuple[str, str]], reason: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await Keys().authenticator().caller(Access.PROJECT, metadata)
    assert refused.value.reason == reason


async def test_the_public_needs_nothing() -> None:
    keys = Keys()
    await keys.authenticator().caller(Access.PUBLIC, [])
    assert not keys.looked_up


async def test_workers_show_their_token_and_nobody_else_is_let_in() -> None:
    authenticator = Keys().authenticator()
    await authenticator.caller(Access.WORKER, [("authorization", f"Token {WORKER}")])
    with pytest.raises(PermissionDenied):
        await authenticator.caller(Access.WORKER, [("authorization", "Token good")])
    with pytest.raises(Unauthenticated):
        await authenticator.caller(Access.WORKER, [("authorization", "Token wrong")])
    with pytest.raises(PermissionDenied):
        await authenticator.caller(Access.PROJECT, [("authorization", f"Token {WORKER}")])


async def test_a_key_is_looked_up_once_for_many_calls_and_again_after_a_second() -> None:
    keys = Keys()
    authenticator = keys.authenticator()
    header = [("authorization", "Token good")]
    await asyncio.gather(*(authenticator.caller(Access.PROJECT, header) for _ in range(50)))
    assert keys.looked_up == ["good"]
    keys.now = 0.9
    await authenticator.caller(Access.PROJECT, header)
    assert keys.looked_up == ["good"]
    del keys.projects["good"]
    keys.now = 1.1
    with pytest.raises(Unauthenticated):
        await authenticator.caller(Access.PROJECT, header)


async def test_a_database_that_was_away_is_not_remembered() -> None:
    keys = Keys()
    authenticator = keys.authenticator()
    header = [("authorization", "Token good")]
    keys.away = True
    with pytest.raises(DatabaseAway):
        await authenticator.caller(Access.PROJECT, header)
    keys.away = False
    assert (await authenticator.caller(Access.PROJECT, header)).project_id == "proj_1"


async def test_a_caller_that_gives_up_does_not_spoil_the_look_up_of_others() -> None:
    keys = Keys()
    authenticator = keys.authenticator()
    header = [("authorization", "Token good")]
    first = asyncio.ensure_future(authenticator.caller(Access.PROJECT, header))
    second = asyncio.ensure_future(authenticator.caller(Access.PROJECT, header))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).project_id == "proj_1"
