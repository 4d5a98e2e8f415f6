"""ProjectService: projects, keys and the audit log, for the admin; a project's own key may look at its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import Message

from rollcall.v1 import project_service_pb2 as pb
from server.domain.errors import NotFound, Violation
from server.domain.limits import LIMIT_NAMES, ProjectLimits
from server.domain.names import wrong_with_name, wrong_with_project_name
from server.rpc.auth import Caller
from server.rpc.convert import set_time, time_us
from server.rpc.validation import Check
from server.rpc.wording import one_of
from server.store import AuditAction, AuditRecord, KeyRecord, ProjectRecord
from server.store.projects import Projects

SELF: Final = "self"
"""Instead of a project's id: the key's own project."""
ACTOR: Final = "admin"
"""Who it was, in the audit log: whoever has the admin token."""
_ACTIONS: Final = {action: pb.AuditAction.Value(f"AUDIT_ACTION_{action.name}") for action in AuditAction}


@dataclass(slots=True)
class ProjectService:
    """Handlers of ProjectService. `defaults` are the limits of a project that has none of its own."""

    projects: Projects
    defaults: ProjectLimits

    async def create_project(self, request: pb.CreateProjectRequest, _caller: Caller) -> pb.CreateProjectResponse:
        """Raises NameInUse."""
        record = await self.projects.create(request.name, own_limits=_given(request.limits), actor=ACTOR)
        return pb.CreateProjectResponse(project=self._message(record))

    async def get_project(self, request: pb.GetProjectRequest, caller: Caller) -> pb.GetProjectResponse:
        """Raises NotFound."""
        record = await self.projects.get(_asked(request.project_id, caller))
        project = self._message(record)
        project.active_bots = await self.projects.count_active_bots(record.id)
        return pb.GetProjectResponse(project=project)

    async def list_projects(self, request: pb.ListProjectsRequest, _caller: Caller) -> pb.ListProjectsResponse:
        """Raises InvalidCursor."""
        page = await self.projects.list(_cursor(request))
        results = [self._message(record) for record in page.results]
        return pb.ListProjectsResponse(next=page.next, previous=page.previous, results=results)

    async def update_project(self, request: pb.UpdateProjectRequest, _caller: Caller) -> pb.UpdateProjectResponse:
        """Raises NotFound, NameInUse."""
        record = await self.projects.update(
            request.project_id,
            name=request.name if request.HasField("name") else None,
            own_limits=_given(request.limits),
            reset=request.reset_limits,
            actor=ACTOR,
        )
        return pb.UpdateProjectResponse(project=self._message(record))

    async def create_key(self, request: pb.CreateKeyRequest, _caller: Caller) -> pb.CreateKeyResponse:
        """Raises NotFound."""
        expires_us = time_us(request.expires_at) if request.HasField("expires_at") else None
        record, secret = await self.projects.create_key(request.project_id, request.name, expires_us=expires_us, actor=ACTOR)
        return pb.CreateKeyResponse(key=key_message(record), secret=secret)

    async def get_key(self, request: pb.GetKeyRequest, caller: Caller) -> pb.GetKeyResponse:
        """Raises NotFound."""
        project_id = None if caller.admin else caller.project_id
        return pb.GetKeyResponse(key=key_message(await self.projects.get_key(project_id, request.key_id)))

    async def list_keys(self, request: pb.ListKeysRequest, caller: Caller) -> pb.ListKeysResponse:
        """Raises NotFound, InvalidCursor."""
        project = await self.projects.get(_asked(request.project_id, caller))
        page = await self.projects.list_keys(project.id, _cursor(request))
        results = [key_message(record) for record in page.results]
        return pb.ListKeysResponse(next=page.next, previous=page.previous, results=results)

    async def revoke_key(self, request: pb.RevokeKeyRequest, _caller: Caller) -> pb.RevokeKeyResponse:
        """Raises NotFound."""
        return pb.RevokeKeyResponse(key=key_message(await self.projects.revoke_key(request.key_id, actor=ACTOR)))

    async def list_audit_entries(self, request: pb.ListAuditEntriesRequest, _caller: Caller) -> pb.ListAuditEntriesResponse:
        """Raises InvalidCursor."""
        project_id = request.project_id if request.HasField("project_id") else None
        page = await self.projects.list_audit(project_id, _cursor(request))
        results = [_entry_message(record) for record in page.results]
        return pb.ListAuditEntriesResponse(next=page.next, previous=page.previous, results=results)

    def _message(self, record: ProjectRecord) -> pb.Project:
        project = pb.Project(
            id=record.id,
            name=record.name,
            limits=_limits_message(self.defaults.with_own(record.own_limits)),
            own_limits=pb.ProjectLimits(**dict(record.own_limits)),
        )
        set_time(project.created_at, record.created_us)
        return project


_Listing = pb.ListProjectsRequest | pb.ListKeysRequest | pb.ListAuditEntriesRequest


def _cursor(request: _Listing) -> str | None:
    return request.cursor if request.HasField("cursor") else None


def _asked(project_id: str, caller: Caller) -> str:
    """The project that a call is about. Raises NotFound for another one than the key's."""
    if caller.admin:
        return project_id
    if project_id not in {SELF, caller.project_id}:
        raise NotFound("Project")
    return caller.project_id


def _given(limits: pb.ProjectLimits) -> Mapping[str, int]:
    return {field.name: value for field, value in limits.ListFields()}


def _limits_message(limits: ProjectLimits) -> pb.ProjectLimits:
    return pb.ProjectLimits(**{name: value for name in LIMIT_NAMES if (value := getattr(limits, name)) is not None})


def key_message(record: KeyRecord) -> pb.Key:
    """A key, without its secret."""
    key = pb.Key(id=record.id, project_id=record.project_id, name=record.name)
    set_time(key.created_at, record.created_us)
    for time, at_us in (
        ("expires_at", record.expires_us),
        ("revoked_at", record.revoked_us),
        ("last_used_at", record.last_used_us),
    ):
        if at_us is not None:
            set_time(getattr(key, time), at_us)
    return key


def _entry_message(record: AuditRecord) -> pb.AuditEntry:
    entry = pb.AuditEntry(
        id=record.id,
        actor=record.actor,
        action=_ACTIONS[record.action],
        project_id=record.project_id,
        key_id=record.key_id,
        details=record.details,
    )
    set_time(entry.created_at, record.created_us)
    return entry


# -- What the contract's rules cannot say --------------------------------------------------------------------------------


def project_checks(now_us: Callable[[], int]) -> dict[type[Message], tuple[Check, ...]]:
    """The checks of this service's requests; `now_us` is the clock."""

    def check_expiry(request: pb.CreateKeyRequest) -> Iterator[Violation]:
        if request.HasField("expires_at") and time_us(request.expires_at) <= now_us():
            yield Violation("expires_at", "Must be in the future; leave it out for a key that does not end by itself.")

    return {
        pb.CreateProjectRequest: (_NameCheck(wrong_with_project_name),),
        pb.UpdateProjectRequest: (_NameCheck(wrong_with_project_name), check_reset),
        pb.CreateKeyRequest: (_NameCheck(wrong_with_name), check_expiry),
    }


class _NameCheck:
    """A name that is given, by a rule of server.domain.names."""

    def __init__(self, wrong_with: Callable[[str], str | None]) -> None:
        self._wrong_with = wrong_with

    def __call__(self, request: Any) -> Iterator[Violation]:
        """At most one violation."""
        problem = self._wrong_with(request.name) if request.name else None
        if problem is not None:
            yield Violation("name", problem)


def check_reset(request: pb.UpdateProjectRequest) -> Iterator[Violation]:
    """Names of limits, and none that is set in the same breath."""
    given = _given(request.limits)
    for index, name in enumerate(request.reset_limits):
        if name not in LIMIT_NAMES:
            yield Violation(f"reset_limits[{index}]", one_of(LIMIT_NAMES))
        elif name in given:
            yield Violation(f"reset_limits[{index}]", f"{name} is set in limits too; give it once.")
