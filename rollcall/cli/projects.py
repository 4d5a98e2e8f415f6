"""`rollcall projects` and `rollcall audit`. Work on the database itself, whether the service runs or not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollcall.cli.terminal import UserError, say

if TYPE_CHECKING:
    from server.admin import Project

app = typer.Typer(help="Projects: what keys and bots belong to, and how much each may have.", no_args_is_help=True)

DEFAULT = "default"
_MOST = 2**31 - 1
_NAMES = "active_bots, posts_per_minute, request_bytes, metadata_characters, image_bytes, webhooks, event_days or evidence_days"

NameOrId = Annotated[str, typer.Argument(help="The project's name or id")]
Limits = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="NAME=NUMBER", help=f"A limit of its own, may be given again: {_NAMES}"),
]


def _limits(given: list[str] | None) -> tuple[dict[str, int], list[str]]:
    """The limits to set and those to reset. Raises UserError that names what is wrong."""
    from protovalidate import collect_violations

    from rollcall.v1.project_service_pb2 import ProjectLimits
    from server.domain.limits import LIMIT_NAMES

    numbers: dict[str, int] = {}
    reset: list[str] = []
    for text in given or ():
        name, _, value = text.partition("=")
        if name not in LIMIT_NAMES:
            raise UserError(f"--limit {text}: the limits are {', '.join(LIMIT_NAMES)}; give one as active_bots=50", code=2)
        if value == DEFAULT:
            reset.append(name)
        elif value.isascii() and value.isdigit() and int(value) <= _MOST:
            numbers[name] = int(value)
        else:
            raise UserError(f"--limit {text}: give a number, or {DEFAULT} for the service's own, as {name}={DEFAULT}", code=2)
    found: list[Any] = collect_violations(ProjectLimits(**numbers))
    if found:
        wrong = (f"--limit {one.proto.field.elements[0].field_name} {one.proto.message}" for one in found)
        raise UserError("; ".join(wrong), code=2)
    return numbers, reset


@app.command()
def create(name: Annotated[str, typer.Argument(help="Its name, unique")], limit: Limits = None) -> None:
    """Make a project, with limits of its own where given."""
    from server.admin import Admin

    own, _ = _limits(limit)

    async def work() -> None:
        async with Admin.open() as admin:
            _show(await admin.create_project(name, own))

    asyncio.run(work())


@app.command("list")
def list_() -> None:
    """List all projects, oldest first."""
    from server.admin import Admin

    async def work() -> None:
        async with Admin.open() as admin:
            async for project in admin.list_projects():
                say(f"{project.id}  {project.created_time:%Y-%m-%d %H:%M}  {project.active_bots:7} active bots  {project.name}")

    asyncio.run(work())


@app.command()
def show(project: NameOrId) -> None:
    """Show a project, its limits and how many bots it has."""
    from server.admin import Admin

    async def work() -> None:
        async with Admin.open() as admin:
            _show(await admin.get_project(project))

    asyncio.run(work())


@app.command("set")
def set_(project: NameOrId, name: Annotated[str | None, typer.Option(help="A new name")] = None, limit: Limits = None) -> None:
    """Change a project's name or limits; NAME=default takes a limit of its own away."""
    from server.admin import Admin

    own, reset = _limits(limit)
    if name is None and not own and not reset:
        raise UserError("nothing to set: give --name, or --limit as active_bots=50", code=2)

    async def work() -> None:
        async with Admin.open() as admin:
            _show(await admin.update_project(project, name=name, own_limits=own, reset=reset))

    asyncio.run(work())


def audit(
    project: Annotated[str | None, typer.Option(help="Only changes of this project, by name or id")] = None,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show")] = 100,
) -> None:
    """Show who changed which project or key, newest first."""
    from server.admin import Admin

    async def work() -> None:
        async with Admin.open() as admin:
            for entry in await admin.audit(project=project, most=most):
                facts = "  ".join(f"{name}: {value}" for name, value in entry.details.items())
                what = f"{entry.action:15}  {entry.project_id}  {entry.key_id:20}"
                say(f"{entry.time:%Y-%m-%d %H:%M:%S}  {entry.actor:24}  {what}  {facts}".rstrip())

    asyncio.run(work())


def _show(project: Project) -> None:
    from server.domain.limits import LIMIT_NAMES

    say(f"{project.id}  {project.name}  made {project.created_time:%Y-%m-%d %H:%M}")
    for name in LIMIT_NAMES:
        value = getattr(project.limits, name)
        text = "none" if value is None else f"{value:,}"
        whose = "its own" if name in project.own_limits else DEFAULT
        used = f"; it has {project.active_bots:,}" if name == "active_bots" else ""
        say(f"  {name:20} {text:>12}  ({whose}{used})")
