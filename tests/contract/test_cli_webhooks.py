"""`rollcall webhooks …` as a person types it, against a real server and a real receiver."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from rollcall import AsyncClient
from rollcall.cli.app import app
from rollcall.errors import NotFoundError
from tests.contract.harness import Running, running_server
from tests.receiver import receiver
from tests.unit.server.webhooks.sending import decoded, is_signed


@pytest.fixture(autouse=True)
def _no_logs() -> Iterator[None]:
    """The server is in the process whose output is looked at, and may write a line just then."""
    with structlog.testing.capture_logs():
        yield


async def typed(running: Running, *words: str) -> Result:
    arguments = ["webhooks", *words, "--address", running.address, "--key", running.key]
    return await asyncio.to_thread(CliRunner().invoke, app, arguments)


async def printed(running: Running, *words: str) -> str:
    result = await typed(running, *words)
    assert result.exit_code == 0, result.output + str(result.exception)
    return result.output


async def test_a_webhooks_whole_life_by_commands(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rollcall.db'}"
    async with running_server(tmp_path / "data", url, webhook_private_addresses=True) as running, receiver() as hook:
        made = json.loads(await printed(running, "create", hook.url, "--trigger", "bot.state_change"))
        assert made["triggers"] == ["bot.state_change"]
        everything = json.loads(await printed(running, "create", hook.url + "/all"))
        assert len(everything["triggers"]) == 6
        await printed(running, "delete", everything["id"])
        hook.answer = lambda _: 500 if len(hook.received) == 1 else 200
        bot = await running.create()
        await hook.until(1)
        async with asyncio.timeout(30):
            while "1 tried" not in (listed := await printed(running, "deliveries", made["id"], "--state", "pending")):
                pass
        assert "Answered 500." in listed
        assert bot.id in listed
        assert "failing since" in await printed(running, "list")
        await printed(running, "redeliver", made["id"], listed.split()[0])
        again = (await hook.until(2))[1]
        assert is_signed(again, decoded(made["secret"]))
        async with asyncio.timeout(30):
            while "delivered" not in await printed(running, "deliveries", made["id"], "--bot", bot.id):
                pass
        secret = (await printed(running, "rotate-secret", made["id"], "--overlap-seconds", "0")).strip()
        await running.leave(bot.id)
        assert is_signed((await hook.until(3))[2], decoded(secret))
        disabled = json.loads(await printed(running, "update", made["id"], "--disable"))
        assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "user")
        assert "disabled (user)" in await printed(running, "list")
        assert json.loads(await printed(running, "get", made["id"])) == disabled
        assert len(decoded((await printed(running, "project-secret")).strip())) == 32
        assert (await typed(running, "get", "wh_nothing")).exit_code != 0


async def test_the_client_for_asyncio_does_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rollcall.db'}"
    async with running_server(tmp_path / "data", url, webhook_private_addresses=True) as running, receiver() as hook:  # noqa: SIM117
        async with AsyncClient(running.address, running.key) as client:
            hooks = client.webhooks
            made = await hooks.create(hook.url, ["bot.state_change"])
            assert [one.id async for one in hooks.list()] == [made.id]
            await running.create()
            assert is_signed((await hook.until(1))[0], decoded(made.secret))
            async with asyncio.timeout(30):
                while not (done := [one async for one in hooks.deliveries(made.id, states=["delivered"])]):
                    pass
            again = await hooks.redeliver(made.id, done[0].id)
            assert again.idempotency_key == (await hook.until(2))[1].key
            assert decoded(await hooks.rotate_secret(made.id)) != decoded(made.secret)
            assert not (await hooks.update(made.id, enabled=False)).enabled
            assert not (await hooks.get(made.id)).enabled
            await hooks.delete(made.id)
            with pytest.raises(NotFoundError):
                await hooks.get(made.id)
