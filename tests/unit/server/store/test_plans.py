"""What a database does for a bot does not grow with the bots, answers and deliveries that there are already."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import SQLModel

from rollcall.v1 import agent_service_pb2, bot_pb2
from server.domain.ids import new_id
from server.domain.webhooks import WebhookTrigger, mask_of
from server.domain.wishes import Wish
from server.store import Attempt, Once, OwnWebhooks, RequestKey
from tests.unit.server.store.story import Story, moved, opened, recorded, remarked, seen

_SCAN = re.compile(r"SCAN (\w+)")
Statement = tuple[str, Any]


@pytest.fixture
def statements() -> Iterator[list[Statement]]:
    """All that is executed while a test runs, one set of parameters of each."""
    executed: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        executed.append((statement, parameters[0] if many else parameters))

    event.listen(Engine, "before_cursor_execute", note)
    yield executed
    event.remove(Engine, "before_cursor_execute", note)


def _once(story: Story, key: str) -> Once[Any]:
    return Once(RequestKey.of(story.project_id, key, b"asked"), lambda _: bot_pb2.Bot())


async def _live(story: Story) -> None:
    """All that usually happens to bots, accounts and webhooks."""
    store, project_id = story.store, story.project_id
    everything = mask_of(list(WebhookTrigger))
    hook = await store.webhooks.create("wh_1", project_id, "https://a.example", everything, sealed_secret=b"s", limit=9)
    login = await store.logins.create(new_id("login"), project_id, 1, "g", "a", sealed=b"s", expires_us=None)
    later = story.clock.now_us() + 3_600_000_000
    own = OwnWebhooks((("https://b.example", everything),), b"s")
    scheduled = await story.bot(join_at_us=later, deduplication_key="d", webhooks=own)
    await store.delete_bot(project_id, scheduled.id)
    bot = await store.create_bot(story.new_bot(deduplication_key="d", most_active=9, webhooks=None), _once(story, "k"))
    lease = await store.claim_lease(bot.id, "worker")
    await story.report(lease, moved("joined_meeting"), seen("1"), remarked(), recorded("in_progress"))
    await store.logins.take(bot.id, lease.epoch, 1, "g")
    await store.logins.refuse(bot.id, lease.epoch, login.id, "over")
    command = agent_service_pb2.Command(send_chat=agent_service_pb2.SendChatCommand(message="Hi"))
    wished = await store.add_command(project_id, bot.id, command, Wish.SEND_CHAT_MESSAGE, once=_once(story, "c"))
    await store.finish_command(bot.id, lease.epoch, agent_service_pb2.CommandResult(command_id=wished.command.id, done=True))
    [line] = await store.webhooks.claim_lines(limit=8, lease_s=20, busy={}, share=4)
    work = await store.webhooks.read_line(line)
    assert work is not None
    await store.webhooks.settle(line, work.parcels[0], Attempt(200), lease_s=20, was_failing=True)
    await store.webhooks.release(line)
    await store.webhooks.redeliver(project_id, hook.id, work.parcels[0].delivery.id)
    await store.webhooks.any_due(story.clock.now_us())
    await store.webhooks.update(project_id, hook.id, enabled=False)
    await store.request_leave(project_id, bot.id)
    await story.report(lease, moved("left_meeting"), recorded("complete"), moved("post_processing_completed"))
    await store.sweep()
    await store.list_bots(project_id)
    await store.list_participants(project_id, bot.id)
    await store.list_chat_messages(project_id, bot.id)
    await store.project_events_after(project_id, 0, 100)
    await store.bot_events_after(bot.id, 0, 100)
    await store.purges.delete_data(project_id, bot.id)
    await store.purges.redact(bot.id)
    await store.purges.end_round(bot.id, done=True)
    await store.purges.due()
    story.clock.advance(90_000)
    await store.tidy()
    await store.webhooks.forget_deliveries(story.clock.now_us())


async def test_no_statement_of_a_bots_life_reads_a_table_from_end_to_end(tmp_path: Path, statements: list[Statement]) -> None:
    async with opened("sqlite:///" + str(tmp_path / "rollcall.db")) as story:
        statements.clear()
        await _live(story)
        seen_statements = dict(statements)
        connection = sqlite3.connect(f"file:{tmp_path / 'rollcall.db'}?mode=ro", uri=True)
        found = {
            f"{scan[1]}: {statement}"
            for statement, parameters in seen_statements.items()
            if statement.lstrip().split()[0] in {"SELECT", "UPDATE", "DELETE", "INSERT"}
            for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            if (scan := _SCAN.match(row[3])) and scan[1] in SQLModel.metadata.tables
        }
        connection.close()
    assert len(seen_statements) > 40
    assert found == set()
