"""The link over real gRPC against the fake server that ships beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from agents.link import Link, LinkListeners, LinkOptions
from agents.link_buffer import ReportBuffer
from agents.link_channel import open_channel
from agents.link_errors import LeaseNotAvailableError, ServerRefusedError, ServerUnreachableError
from agents.link_fake import FakeServer
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import agent_service_pb2_grpc as agent_grpc
from rollcall.v1 import event_pb2 as event

BOT = "bot_0123456789abcdef"


def remark(text: str) -> agent.Report:
    return agent.Report(log=event.LogEntry(code="remark", message=text))


@dataclass
class Heard:
    commands: list[agent.Command] = field(default_factory=list)
    lost: int = 0
    asked: int = 0
    command_came: asyncio.Event = field(default_factory=asyncio.Event)
    lost_came: asyncio.Event = field(default_factory=asyncio.Event)

    def listeners(self) -> LinkListeners:
        return LinkListeners(command=self.command, lost=self.lose, situation=self.situation)

    def command(self, command: agent.Command) -> None:
        self.commands.append(command)
        self.command_came.set()

    def lose(self) -> None:
        self.lost += 1
        self.lost_came.set()

    def situation(self) -> agent.Situation:
        self.asked += 1
        return agent.Situation(phase=agent.AGENT_PHASE_IN_MEETING, people=self.asked)


@dataclass
class Rig:
    server: FakeServer
    stub: agent_grpc.AgentServiceAsyncStub
    heard: Heard
    links: list[Link] = field(default_factory=list)

    def link(self, *, token: str = "worker-token", claim_timeout_s: float = 2.0, buffer: ReportBuffer | None = None) -> Link:
        options = LinkOptions(worker_id="worker-1", token=token, claim_timeout_s=claim_timeout_s)
        self.links.append(Link(self.stub, BOT, options, self.heard.listeners(), buffer=buffer))
        return self.links[-1]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    server = FakeServer()
    await server.start()
    channel = open_channel(server.address)
    rig = Rig(server, agent_grpc.AgentServiceStub(channel), Heard())
    yield rig
    for link in rig.links:
        await link.close()
    await channel.close()
    await server.stop()


async def test_a_claim_that_is_granted_brings_the_bot_and_its_epoch(rig: Rig) -> None:
    rig.server.add(agent.BotSpec(bot_id=BOT, bot_name="Ada"))
    granted = await rig.link().claim()
    assert (granted.epoch, granted.task, granted.bot.bot_name) == (1, agent.AGENT_TASK_ATTEND, "Ada")


async def test_a_claim_is_given_up_where_another_worker_holds_the_lease(rig: Rig) -> None:
    rig.server.add(agent.BotSpec(bot_id=BOT)).held_by = "worker-2"
    with pytest.raises(LeaseNotAvailableError):
        await rig.link().claim()


async def test_a_wrong_token_says_which_setting_to_mend(rig: Rig) -> None:
    rig.server.add(agent.BotSpec(bot_id=BOT))
    with pytest.raises(ServerRefusedError, match="ROLLCALL_WORKER_TOKEN"):
        await rig.link(token="wrong").claim()


async def test_a_claim_without_a_server_ends_in_time(rig: Rig) -> None:
    await rig.server.stop()
    with pytest.raises(ServerUnreachableError):
        await rig.link(claim_timeout_s=0.5).claim()


async def test_a_claim_waits_for_a_server_that_comes_back(rig: Rig) -> None:
    rig.server.add(agent.BotSpec(bot_id=BOT))
    await rig.server.stop()
    claim = asyncio.create_task(rig.link(claim_timeout_s=20).claim())
    await asyncio.sleep(0.3)
    await rig.server.start()
    assert (await claim).epoch == 1


async def test_reports_are_numbered_from_one_and_stored_in_order(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    for n in range(1200):
        link.report(remark(str(n)))
    await rig.server.until(lambda: len(bot.reports) == 1200)
    assert [report.number for report in bot.reports] == list(range(1, 1201))
    assert [report.log.message for report in bot.reports] == [str(n) for n in range(1200)]


async def test_a_situation_is_sent_at_each_heartbeat_though_nothing_else_happens(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    await rig.link().claim()
    await rig.server.until(lambda: len(bot.situations) >= 4, timeout_s=3)
    assert [s.people for s in bot.situations[:4]] == [1, 2, 3, 4]


async def test_a_nudge_sends_a_situation_before_its_time(rig: Rig) -> None:
    rig.server.heartbeat_ms = 60_000
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    await rig.server.until(lambda: len(bot.situations) == 1)
    link.nudge()
    await rig.server.until(lambda: len(bot.situations) == 2)


async def test_a_server_that_restarts_misses_nothing_and_stores_nothing_twice(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    link.report(remark("before"))
    await rig.server.until(lambda: len(bot.reports) == 1)
    await rig.server.stop()
    for n in range(50):
        link.report(remark(f"while away {n}"))
    await rig.server.start()
    link.report(remark("after"))
    await rig.server.until(lambda: len(bot.reports) == 52)
    assert [report.number for report in bot.reports] == list(range(1, 53))
    assert rig.heard.lost == 0
    assert bot.epoch == 1


async def test_reports_that_were_stored_but_not_acknowledged_are_not_stored_twice(rig: Rig) -> None:
    rig.server.acknowledging = False
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    for n in range(20):
        link.report(remark(str(n)))
    await rig.server.until(lambda: len(bot.reports) == 20)
    await rig.server.stop()
    rig.server.acknowledging = True
    await rig.server.start()
    link.report(remark("20"))
    await rig.server.until(lambda: len(bot.reports) == 21)
    assert bot.received == 21, "granted said how far the server was, so nothing old was sent again"


async def test_a_command_is_delivered_once_though_the_server_sends_it_on_every_stream(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    bot.send(agent.Command(command_id="cmd_1", send_chat=agent.SendChatCommand(message="hello")))
    await rig.heard.command_came.wait()
    await rig.server.stop()
    await rig.server.start()
    link.report(remark("back"))
    await rig.server.until(lambda: len(bot.reports) == 1)
    link.answer("cmd_1", done=True)
    await rig.server.until(lambda: len(bot.results) == 1)
    assert [command.command_id for command in rig.heard.commands] == ["cmd_1"]


async def test_a_result_is_said_again_when_the_server_asks_again(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    command = agent.Command(command_id="cmd_1", leave=agent.LeaveCommand())
    bot.send(command)
    await rig.heard.command_came.wait()
    link.answer("cmd_1", done=False, detail="no chat here")
    await rig.server.until(lambda: len(bot.results) == 1)
    bot.send(command)
    await rig.server.until(lambda: len(bot.results) == 2)
    assert bot.results[0] == bot.results[1]
    assert len(rig.heard.commands) == 1


async def test_a_lost_lease_is_told_once_and_nothing_more_is_sent(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    await rig.server.lose(BOT)
    await asyncio.wait_for(rig.heard.lost_came.wait(), 5)
    link.report(remark("too late"))
    await asyncio.sleep(0.5)
    assert rig.heard.lost == 1
    assert bot.reports == []


async def test_a_lease_lost_while_the_server_was_away_is_told_after_reconnecting(rig: Rig) -> None:
    rig.server.add(agent.BotSpec(bot_id=BOT))
    await rig.link().claim()
    await rig.server.stop()
    rig.server.bots[BOT].epoch += 1
    await rig.server.start()
    await asyncio.wait_for(rig.heard.lost_came.wait(), 5)


async def test_release_waits_until_everything_reported_is_stored(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    for n in range(900):
        link.report(remark(str(n)))
    assert await link.release(hand_over=False, timeout_s=10)
    assert len(bot.reports) == 900
    assert bot.released is not None
    assert not bot.released.hand_over


async def test_release_survives_a_server_that_is_away_at_that_moment(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    await rig.server.stop()
    link.report(remark("last words"))
    release = asyncio.create_task(link.release(hand_over=True, timeout_s=20))
    await asyncio.sleep(0.3)
    await rig.server.start()
    assert await release
    assert [report.log.message for report in bot.reports] == ["last words"]
    assert bot.released is not None
    assert bot.released.hand_over


async def test_release_ends_in_time_where_no_server_is_left(rig: Rig) -> None:
    rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    await rig.server.stop()
    assert not await link.release(hand_over=True, timeout_s=0.5)


async def test_one_report_that_the_server_refuses_does_not_hold_up_the_others(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    bot.refuse = lambda report: report.log.message == "poison"
    link = rig.link()
    await link.claim()
    for text in ("a", "poison", "b"):
        link.report(remark(text))
    await rig.server.until(lambda: len(bot.reports) == 3)
    assert [report.log.code for report in bot.reports] == ["remark", "report_refused", "remark"]


async def test_an_account_is_asked_for_again_after_a_reconnect(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    asking = asyncio.create_task(link.take_login(timeout_s=20))
    await rig.server.until(lambda: bot.login_asks == 1)
    await rig.server.stop()
    bot.login = agent.LoginGiven(login_id="login_1")
    await rig.server.start()
    assert (await asking).login_id == "login_1"
    assert bot.login_asks == 2


async def test_a_refusal_is_told_before_another_account_is_asked_for(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    bot.login = agent.LoginGiven(login_id="login_2")
    link = rig.link()
    await link.claim()
    link.refuse_login("login_1", "It was signed out.")
    assert (await link.take_login(timeout_s=20)).login_id == "login_2"
    assert [one.login_id for one in bot.refusals] == ["login_1"]


async def test_a_server_that_gives_no_answer_is_not_waited_for_for_ever(rig: Rig) -> None:
    rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    with pytest.raises(ServerUnreachableError):
        await link.take_login(timeout_s=0.3)


async def test_a_link_that_fails_by_a_fault_of_ours_says_that_the_lease_is_lost(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> agent.Situation:
        raise ZeroDivisionError

    monkeypatch.setattr(rig.heard, "situation", fails)
    rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    async with asyncio.timeout(30):
        await rig.heard.lost_came.wait()
    await link.close()


async def test_zoom_tokens_are_asked_for_again_after_a_reconnect_and_once_a_question(rig: Rig) -> None:
    bot = rig.server.add(agent.BotSpec(bot_id=BOT))
    link = rig.link()
    await link.claim()
    asking = asyncio.create_task(link.take_zoom_tokens(timeout_s=20))
    await rig.server.until(lambda: bot.zoom_token_asks == 1)
    await rig.server.stop()
    bot.zoom_tokens = agent.ZoomTokensGiven(zak_token="zak")
    await rig.server.start()
    assert (await asking).zak_token == "zak"
    assert bot.zoom_token_asks == 2
    await link.take_zoom_tokens(timeout_s=20)
    assert (bot.zoom_token_asks, bot.login_asks) == (3, 0)
