"""One of everything that belongs to a project, by the request field that its id goes into; for tests that walk the contract.

Whoever adds a kind of thing adds it here: a call with an id of a kind that is not here fails those tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from gateway import contract
from rollcall.transport import Metadata
from rollcall.v1.bot_pb2 import PLATFORM_GOOGLE_MEET
from rollcall.v1.bot_service_pb2 import CreateBotRequest
from rollcall.v1.login_service_pb2 import CreateLoginRequest
from rollcall.v1.webhook_service_pb2 import CreateWebhookRequest, ListWebhookDeliveriesRequest, ListWebhooksRequest
from tests.contract.harness import BOTS, MEET, Running

SESSION = '{"cookies": [{"name": "SID", "value": "x", "domain": "example.com"}]}'
SAID = {"rollcall.v1.CreateLoginRequest.state": SESSION, "rollcall.v1.RenewLoginRequest.state": SESSION}
"""What stands in a field in which not any text may stand."""
_numbers = itertools.count(1)
WEBHOOKS = "/rollcall.v1.WebhookService/"
NOT_THINGS = {
    "request_id": "the caller's own words",
    "calendar_event_id": "tests/contract/test_grpc_bots.py: told as one that does not exist",
    "async_transcription_id": "no bot has one yet; test_rest_recorded.py: told as one that does not exist",
}


@dataclass(frozen=True, slots=True)
class Tenant:
    """A project with a key."""

    running: Running
    project_id: str
    key_id: str
    key: str

    @classmethod
    async def make(cls, running: Running, name: str) -> Tenant:
        projects = running.server._store.projects
        project = await projects.create(name)
        key, secret = await projects.create_key(project.id, f"key of {name}")
        return cls(running, project.id, key.id, secret)

    @property
    def auth(self) -> Metadata:
        return (("authorization", f"Token {self.key}"),)

    async def bot(self) -> str:
        request = CreateBotRequest(bot_name=f"Bot of {self.project_id}", meeting_url=MEET)
        answer: Any = await self.running.local.unary(BOTS + "CreateBot", request, self.auth)
        bot_id: str = answer.bot.id
        return bot_id

    async def thing(self, field: str) -> str:
        """The id of a fresh thing, or of the one there is. Raises KeyError for a kind that nobody said how to make."""
        return await _MAKERS[field](self)


async def _key(tenant: Tenant) -> str:
    key, _ = await tenant.running.server._store.projects.create_key(tenant.project_id, "another")
    return key.id


async def _project(tenant: Tenant) -> str:
    return tenant.project_id


async def _webhook(tenant: Tenant) -> str:
    """The one there is: a delivery is one of its webhook's."""
    listed: Any = await tenant.running.local.unary(WEBHOOKS + "ListWebhooks", ListWebhooksRequest(), tenant.auth)
    if not listed.results:
        request = CreateWebhookRequest(url="https://hooks.invalid/", triggers=["bot.state_change"])
        made: Any = await tenant.running.local.unary(WEBHOOKS + "CreateWebhook", request, tenant.auth)
        return str(made.webhook.id)
    return str(listed.results[0].id)


async def _delivery(tenant: Tenant) -> str:
    webhook_id, bot_id = await _webhook(tenant), await tenant.bot()
    request = ListWebhookDeliveriesRequest(webhook_id=webhook_id, bot_id=bot_id)
    listed: Any = await tenant.running.local.unary(WEBHOOKS + "ListWebhookDeliveries", request, tenant.auth)
    return str(listed.results[0].id)


async def _login(tenant: Tenant) -> str:
    name = f"account {next(_numbers)}"
    request = CreateLoginRequest(platform=PLATFORM_GOOGLE_MEET, name=name, state=SESSION)
    made: Any = await tenant.running.local.unary("/rollcall.v1.LoginService/CreateLogin", request, tenant.auth)
    return str(made.login.id)


_MAKERS: dict[str, Callable[[Tenant], Awaitable[str]]] = {
    "bot_id": Tenant.bot,
    "key_id": _key,
    "project_id": _project,
    "webhook_id": _webhook,
    "delivery_id": _delivery,
    "login_id": _login,
}


KINDS = tuple(_MAKERS)
"""Of everything that there is, the field that names it."""


def id_fields(request: type[Message]) -> list[str]:
    """The fields of a request that name one thing each."""
    return [
        field.name
        for field in request.DESCRIPTOR.fields
        if field.name.endswith("_id") and not field.is_repeated and field.name not in NOT_THINGS
    ]


def example(request: type[Message]) -> Any:
    """A request with something in every field that must have something. Not all rules are kept, only those a test needs."""
    message = request()
    for field in request.DESCRIPTOR.fields:
        rules = contract.rules(field)
        if rules.required or (rules.string.min_len and not field.has_presence):
            _fill(message, field)
    return message


def _fill(message: Any, field: FieldDescriptor) -> None:
    if field.is_repeated:
        return
    if field.full_name in SAID:
        setattr(message, field.name, SAID[field.full_name])
        return
    if field.message_type is not None:
        getattr(message, field.name).SetInParent()
    elif field.enum_type is not None:
        setattr(message, field.name, field.enum_type.values[1].number)
    else:
        values: dict[int, Any] = {FieldDescriptor.CPPTYPE_STRING: b"x" if field.type == FieldDescriptor.TYPE_BYTES else "x"}
        setattr(message, field.name, values.get(field.cpp_type, 1))
