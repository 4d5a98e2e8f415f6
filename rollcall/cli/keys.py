"""`rollcall keys`: create, list, revoke. Works on the database itself, whether the service runs or not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from rollcall.cli.terminal import say

app = typer.Typer(help="API keys: each belongs to a project; only its hash is stored.", no_args_is_help=True)

Project = Annotated[str, typer.Option(help="The project's name or id")]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for, for your own memory")] = "",
    project: Project = "default",
    expires_days: Annotated[
        float | None, typer.Option(min=0.0001, max=36_500, help="Days after which it ends by itself; never where not given")
    ] = None,
) -> None:
    """Make a key; it is shown once."""
    from server.admin import Admin

    expires = None if expires_days is None else datetime.now(UTC) + timedelta(days=expires_days)

    async def work() -> None:
        async with Admin.open() as admin:
            expires_us = None if expires is None else round(expires.timestamp() * 1e6)
            key = await admin.create_key(project=project, name=name, expires_us=expires_us)
            say(key.secret)
            ends = "" if key.expires_time is None else f" It ends at {key.expires_time:%Y-%m-%d %H:%M} UTC."
            say(f"Key {key.id} of project {project}. It is not stored and cannot be shown again.{ends}")

    asyncio.run(work())


@app.command("list")
def list_(project: Project = "default") -> None:
    """List a project's keys."""
    from server.admin import Admin, Key

    def state_of(key: Key) -> str:
        if key.revoked_time:
            return f"revoked {key.revoked_time:%Y-%m-%d %H:%M}"
        if key.expires_time:
            word = "ended" if key.expires_time <= datetime.now(UTC) else "until"
            return f"{word} {key.expires_time:%Y-%m-%d %H:%M}"
        return "active"

    async def work() -> None:
        async with Admin.open() as admin:
            for key in await admin.list_keys(project=project):
                used = f"last used {key.last_used_time:%Y-%m-%d %H:%M}" if key.last_used_time else "never used"
                say(f"{key.id}  {key.created_time:%Y-%m-%d %H:%M}  {state_of(key):24}  {used:26}  {key.name}")

    asyncio.run(work())


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, as key_…")]) -> None:
    """Revoke a key, at once."""
    from server.admin import Admin

    async def work() -> None:
        async with Admin.open() as admin:
            await admin.revoke_key(key_id)
            say(f"{key_id} is revoked")

    asyncio.run(work())
