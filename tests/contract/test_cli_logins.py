"""`rollcall logins …` as a person types it, against a real server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rollcall import AsyncClient
from rollcall.cli.app import app
from rollcall.cli.terminal import UserError, explain
from tests.contract.harness import Running, running_server

SESSION = json.dumps({"cookies": [{"name": "SID", "value": "s3cret", "domain": ".example.com"}]})


async def printed(running: Running, *words: str, says: str = "") -> str:
    """What is printed. Raises UserError with what a person is told instead."""

    def invoke() -> str:
        arguments = ["logins", *words, "--address", running.address, "--key", running.key]
        result = CliRunner().invoke(app, arguments, input=says)
        if isinstance(result.exception, Exception):
            raise explain(result.exception) or result.exception
        return result.output

    return await asyncio.to_thread(invoke)


async def test_an_accounts_whole_life_by_commands(tmp_path: Path) -> None:
    file = tmp_path / "session.json"
    file.write_text(SESSION)
    async with running_server(tmp_path / "data", f"sqlite:///{tmp_path / 'rollcall.db'}") as running:
        added = await printed(running, "add", "google_meet", "a@example.com", "--state", str(file), "--group", "sales")
        login_id = added.split()[0]
        assert "sales" in added
        assert "free" in added
        assert "s3cret" not in added
        assert await printed(running, "list", "--group", "sales") == added
        assert await printed(running, "list", "--group", "other") == ""
        assert login_id in await printed(running, "renew", login_id, "--state", "-", says=SESSION)
        assert "is gone" in await printed(running, "remove", login_id)
        assert await printed(running, "list") == ""


async def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    async with running_server(tmp_path / "data", f"sqlite:///{tmp_path / 'rollcall.db'}") as running:
        for words, says, told in (
            (("add", "zoom", "a", "--state", "-"), SESSION, "google_meet and teams"),
            (("add", "teams", "a", "--state", str(tmp_path / "no")), "", "cannot be read"),
            (("add", "teams", "a", "--state", "-"), "x" * 1_100_000, "at most 1,048,576 bytes"),
            (("add", "teams", "a", "--state", "-"), "{}", 'a list "cookies"'),
            (("remove", "login_0000000000000000"), "", "Login"),
        ):
            with pytest.raises(UserError) as error:
                await printed(running, *words, says=says)
            assert told in str(error.value), words


async def test_the_client_for_asyncio_does_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rollcall.db'}"
    async with running_server(tmp_path / "data", url) as running, AsyncClient(running.address, running.key) as client:
        login = await client.logins.add("teams", "a@example.com", SESSION)
        assert [one.id async for one in client.logins.list(platform="teams")] == [login.id]
        assert [one.id async for one in client.logins.list(platform="google_meet")] == []
        assert (await client.logins.renew(login.id, SESSION)).id == (await client.logins.get(login.id)).id
        await client.logins.delete(login.id)
        assert [one.id async for one in client.logins.list()] == []
        with pytest.raises(ValueError, match="no platform"):
            await client.logins.add("nowhere", "a", SESSION)
