"""Projects and keys over gRPC and within the process: who may do what, what is shown, and that it holds at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import code_pb2

from rollcall.transport import CallError, Metadata, Transport
from rollcall.v1 import project_service_pb2 as pb
from rollcall.v1.bot_service_pb2 import CreateBotRequest, ListBotsRequest
from rollcall.v1.event_service_pb2 import WatchEventsRequest
from tests.contract.harness import BOTS, EVENTS, MEET, Running, info_of, running_server, until, violations_of

PROJECTS = "/rollcall.v1.ProjectService/"


def token(text: str) -> Metadata:
    return (("authorization", f"Token {text}"),)


def admin_of(running: Running) -> Metadata:
    return token((running.settings.data_dir / "admin_token").read_text().strip())


async def refused(call: Any) -> CallError:
    with pytest.raises(CallError) as found:
        await call
    return found.value


class Office:
    """ProjectService as an admin uses it."""

    def __init__(self, running: Running, caller: Transport) -> None:
        self.running = running
        self.caller = caller
        self.admin = admin_of(running)

    async def call(self, method: str, request: Message, who: Metadata | None = None) -> Any:
        return await self.caller.unary(PROJECTS + method, request, self.admin if who is None else who)

    async def project(self, name: str = "shop", **limits: int) -> pb.Project:
        request = pb.CreateProjectRequest(name=name, limits=pb.ProjectLimits(**limits) if limits else None)
        project: pb.Project = (await self.call("CreateProject", request)).project
        return project

    async def key(self, project: pb.Project, name: str = "") -> pb.CreateKeyResponse:
        answer: pb.CreateKeyResponse = await self.call("CreateKey", pb.CreateKeyRequest(project_id=project.id, name=name))
        return answer


@pytest.fixture
def office(running: Running, caller: Transport) -> Office:
    return Office(running, caller)


async def test_a_project_and_its_key_are_made_shown_and_used(office: Office) -> None:
    project = await office.project(active_bots=3)
    assert project.limits.active_bots == project.own_limits.active_bots == 3
    assert project.limits.metadata_characters == 1000
    assert not project.own_limits.HasField("metadata_characters")
    made = await office.key(project, "laptop")
    assert made.secret.startswith("rk_")
    who = token(made.secret)
    await office.caller.unary(BOTS + "CreateBot", CreateBotRequest(bot_name="Bot", meeting_url=MEET), who)
    own = (await office.call("GetProject", pb.GetProjectRequest(project_id="self"), who)).project
    assert (own.id, own.name, own.active_bots) == (project.id, "shop", 1)
    keys = (await office.call("ListKeys", pb.ListKeysRequest(project_id=project.id), who)).results
    assert [(key.id, key.name, key.HasField("revoked_at")) for key in keys] == [(made.key.id, "laptop", False)]
    assert made.secret not in str(keys)


async def test_a_projects_own_key_changes_nothing_and_sees_no_other_project(office: Office) -> None:
    mine, theirs = await office.project("mine"), await office.project("theirs")
    who, other = token((await office.key(mine)).secret), await office.key(theirs)
    changes: list[tuple[str, Message]] = [
        ("CreateProject", pb.CreateProjectRequest(name="x")),
        ("ListProjects", pb.ListProjectsRequest()),
        ("UpdateProject", pb.UpdateProjectRequest(project_id=mine.id, name="x")),
        ("CreateKey", pb.CreateKeyRequest(project_id=mine.id)),
        ("RevokeKey", pb.RevokeKeyRequest(key_id=other.key.id)),
        ("ListAuditEntries", pb.ListAuditEntriesRequest()),
    ]
    for method, request in changes:
        error = await refused(office.call(method, request, who))
        assert error.status.code == code_pb2.PERMISSION_DENIED, method
    looks: list[tuple[str, Message]] = [
        ("GetProject", pb.GetProjectRequest(project_id=theirs.id)),
        ("ListKeys", pb.ListKeysRequest(project_id=theirs.id)),
        ("GetKey", pb.GetKeyRequest(key_id=other.key.id)),
    ]
    for method, request in looks:
        error = await refused(office.call(method, request, who))
        assert error.status.code == code_pb2.NOT_FOUND, method


async def test_the_admin_token_opens_projects_and_nothing_else(office: Office) -> None:
    error = await refused(office.caller.unary(BOTS + "ListBots", ListBotsRequest(), office.admin))
    assert error.status.code == code_pb2.PERMISSION_DENIED
    for wrong in (token("wrong"), token(office.running.server.worker_token), ()):
        error = await refused(office.call("ListProjects", pb.ListProjectsRequest(), wrong))
        assert error.status.code in {code_pb2.UNAUTHENTICATED, code_pb2.PERMISSION_DENIED}


async def test_what_is_wrong_with_a_project_or_key_is_told_by_field(office: Office) -> None:
    project = await office.project()
    taken = await refused(office.project())
    assert (taken.status.code, info_of(taken.status).reason) == (code_pb2.ALREADY_EXISTS, "NAME_IN_USE")
    bad = pb.CreateProjectRequest(name="a\nb", limits=pb.ProjectLimits(metadata_characters=10_001, posts_per_minute=0))
    found = violations_of((await refused(office.call("CreateProject", bad))).status)
    assert set(found) == {"name", "limits.metadata_characters", "limits.posts_per_minute"}
    reset = pb.UpdateProjectRequest(project_id=project.id, reset_limits=["webhooks", "nope"], limits=pb.ProjectLimits(webhooks=1))
    found = violations_of((await refused(office.call("UpdateProject", reset))).status)
    assert set(found) == {"reset_limits[0]", "reset_limits[1]"}
    past = pb.CreateKeyRequest(project_id=project.id, expires_at=Timestamp(seconds=1))
    assert set(violations_of((await refused(office.call("CreateKey", past))).status)) == {"expires_at"}
    for request in (pb.GetKeyRequest(key_id="key_0000000000000000"), pb.GetKeyRequest(key_id="\x00")):
        assert (await refused(office.call("GetKey", request))).status.code == code_pb2.NOT_FOUND
    nowhere = pb.CreateKeyRequest(project_id="proj_0000000000000000")
    assert (await refused(office.call("CreateKey", nowhere))).status.code == code_pb2.NOT_FOUND


async def test_changes_are_in_the_audit_log(office: Office) -> None:
    project = await office.project()
    made = await office.key(project)
    await office.call("UpdateProject", pb.UpdateProjectRequest(project_id=project.id, limits=pb.ProjectLimits(webhooks=2)))
    await office.call("RevokeKey", pb.RevokeKeyRequest(key_id=made.key.id))
    page = await office.call("ListAuditEntries", pb.ListAuditEntriesRequest(project_id=project.id))
    assert [(entry.actor, entry.action, entry.key_id) for entry in page.results] == [
        ("admin", pb.AUDIT_ACTION_KEY_REVOKED, made.key.id),
        ("admin", pb.AUDIT_ACTION_PROJECT_CHANGED, ""),
        ("admin", pb.AUDIT_ACTION_KEY_CREATED, made.key.id),
        ("admin", pb.AUDIT_ACTION_PROJECT_CREATED, ""),
    ]
    assert page.results[1].details == {"webhooks": "default -> 2"}
    assert made.secret not in str(page)
    everything = await office.call("ListAuditEntries", pb.ListAuditEntriesRequest())
    assert {entry.actor for entry in everything.results} == {"admin", "first start"}


async def test_a_revoked_key_is_refused_at_the_server_that_revoked_it_at_once(office: Office) -> None:
    made = await office.key(await office.project())
    who = token(made.secret)
    await office.caller.unary(BOTS + "ListBots", ListBotsRequest(), who)
    await office.call("RevokeKey", pb.RevokeKeyRequest(key_id=made.key.id))
    error = await refused(office.caller.unary(BOTS + "ListBots", ListBotsRequest(), who))
    assert error.status.code == code_pb2.UNAUTHENTICATED


async def test_a_stream_says_nothing_more_to_a_key_that_was_revoked(office: Office) -> None:
    made = await office.key(await office.project())
    stream: Any = office.caller.stream(EVENTS + "WatchEvents", WatchEventsRequest(cursor="start"), token(made.secret))
    assert (await anext(stream)).HasField("bookmark")
    await office.call("RevokeKey", pb.RevokeKeyRequest(key_id=made.key.id))
    error = await refused(anext(stream))
    assert error.status.code == code_pb2.UNAUTHENTICATED
    await stream.aclose()


async def test_a_key_revoked_at_one_server_is_refused_at_another(
    tmp_path: Path, new_postgresql_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by the database, not found out as the cache runs out: its time does not pass here."""
    url = new_postgresql_url()
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(running_server(tmp_path / "one", url))
        two = await stack.enter_async_context(running_server(tmp_path / "two", url))
        authenticator = two.server._pipeline._authenticator
        monkeypatch.setattr(authenticator, "_clock", lambda: 0.0)
        await until(lambda: authenticator._forgotten, "the other server listens")
        office = Office(one, one.grpc)
        made = await office.key(await office.project())
        who = token(made.secret)
        await two.grpc.unary(BOTS + "ListBots", ListBotsRequest(), who)
        told = authenticator._forgotten
        await office.call("RevokeKey", pb.RevokeKeyRequest(key_id=made.key.id))
        await until(lambda: authenticator._forgotten > told, "the other server was told")
        error = await refused(two.grpc.unary(BOTS + "ListBots", ListBotsRequest(), who))
        assert error.status.code == code_pb2.UNAUTHENTICATED


async def test_a_key_that_was_never_told_about_is_refused_within_the_time_of_the_cache(running: Running) -> None:
    """As by `rollcall keys revoke` beside a server on SQLite, where no word comes from the other process."""
    key = await running.server.create_key(project="elsewhere")
    await running.local.unary(BOTS + "ListBots", ListBotsRequest(), token(key))
    projects = running.server._store.projects
    projects._listeners.clear()
    access = await projects.find_key(key)
    assert access is not None
    await projects.revoke_key(access.key.id)

    async def until_refused() -> None:
        async with asyncio.timeout(10):
            while True:
                await running.local.unary(BOTS + "ListBots", ListBotsRequest(), token(key))
                await asyncio.sleep(0.05)

    assert (await refused(until_refused())).status.code == code_pb2.UNAUTHENTICATED
