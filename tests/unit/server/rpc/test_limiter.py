"""How often a project may POST, and how much it may send at once."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from rollcall.v1.bot_service_pb2 import CreateBotRequest, GetBotRequest
from server.domain.errors import QuotaExceeded
from server.domain.limits import ProjectLimits
from server.rpc.auth import Caller
from server.rpc.limiter import Limiter
from server.rpc.methods import Method, all_methods

METHODS = {method.path.rpartition("/")[2]: method for method in all_methods()}
CREATE, GET = METHODS["CreateBot"], METHODS["GetBot"]


class Desk:
    def __init__(self) -> None:
        self.now = 100.0
        self.limiter = Limiter(lambda: self.now)

    def ask(self, method: Method = CREATE, request: Message | None = None, project: str = "proj_1", **limits: int) -> None:
        caller = Caller(project, limits=ProjectLimits(**{"posts_per_minute": 6} | limits))  # type: ignore[arg-type]
        self.limiter.admit(method, request or CreateBotRequest(), caller)

    def refused(self, **more: object) -> QuotaExceeded:
        with pytest.raises(QuotaExceeded) as found:
            self.ask(**more)  # type: ignore[arg-type]
        return found.value


def test_a_minutes_worth_may_come_at_once_and_then_one_after_the_other() -> None:
    desk = Desk()
    for _ in range(6):
        desk.ask()
    error = desk.refused()
    assert error.reason == "POST_RATE_LIMIT"
    assert error.retry_after_s == pytest.approx(10)
    desk.now += 9.9
    assert desk.refused().retry_after_s == pytest.approx(0.1)
    desk.now += 0.1
    desk.ask()
    assert desk.refused().retry_after_s == pytest.approx(10)
    desk.now += 3600
    for _ in range(6):
        desk.ask()
    desk.refused()


def test_what_only_reads_is_not_counted_and_no_project_pays_for_another() -> None:
    desk = Desk()
    for _ in range(6):
        desk.ask()
    for _ in range(100):
        desk.ask(GET, GetBotRequest())
    desk.ask(project="proj_2")
    desk.refused()


def test_another_limit_counts_from_the_next_call_on() -> None:
    desk = Desk()
    for _ in range(6):
        desk.ask()
    desk.refused()
    desk.now += 1
    for _ in range(10):  # 600 a minute are 10 in a second
        desk.ask(posts_per_minute=600)
    desk.refused(posts_per_minute=600)


@pytest.mark.parametrize("caller", [Caller(), Caller(admin=True)])
def test_who_has_no_project_has_no_limit(caller: Caller) -> None:
    limiter = Limiter(lambda: 0.0)
    for _ in range(20_000):
        limiter.admit(CREATE, CreateBotRequest(), caller)


def test_a_request_that_is_too_large_is_told_how_large_it_may_be() -> None:
    desk = Desk()
    large = CreateBotRequest(bot_name="x" * 2000)
    desk.ask(request=large, request_bytes=large.ByteSize())
    error = desk.refused(request=large, request_bytes=1024)
    assert error.reason == "REQUEST_TOO_LARGE"
    assert "1,024" in error.message
    assert error.retry_after_s is None


def test_every_post_of_the_contract_counts() -> None:
    counted = {name for name, method in METHODS.items() if method.posts}
    assert {"CreateBot", "LeaveMeeting", "SendChatMessage"} <= counted
    assert not counted & {"GetBot", "ListBots", "WatchBot", "WatchEvents", "Attend", "ReadMedia"}
