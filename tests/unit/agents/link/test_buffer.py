"""Reports on their way, without any network."""

from __future__ import annotations

from agents.link_buffer import ReportBuffer
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import event_pb2 as event


def remark(text: str = "") -> agent.Report:
    return agent.Report(log=event.LogEntry(code="remark", message=text))


def chat() -> agent.Report:
    return agent.Report(chat=bot.ChatMessage(text="hello"))


def move() -> agent.Report:
    return agent.Report(transition=agent.Transition(trigger=bot.BOT_EVENT_TYPE_JOINED_MEETING))


def drain(buffer: ReportBuffer) -> list[agent.Report]:
    return list(iter(buffer.next, None))


def test_numbers_start_at_one_and_have_no_gap() -> None:
    buffer = ReportBuffer()
    for _ in range(3):
        buffer.add(remark())
    assert [report.number for report in drain(buffer)] == [1, 2, 3]
    assert buffer.next() is None


def test_no_more_than_a_window_is_sent_before_it_is_acknowledged() -> None:
    buffer = ReportBuffer(window=2)
    for _ in range(5):
        buffer.add(remark())
    assert [report.number for report in drain(buffer)] == [1, 2]
    buffer.accepted(1)
    assert [report.number for report in drain(buffer)] == [3]
    assert len(buffer) == 4


def test_after_a_break_only_what_the_server_lacks_is_sent_again_under_its_old_numbers() -> None:
    buffer = ReportBuffer()
    for text in "abcd":
        buffer.add(remark(text))
    drain(buffer)
    buffer.add(remark("e"))
    buffer.resume(2)
    assert [(report.number, report.log.message) for report in drain(buffer)] == [(3, "c"), (4, "d"), (5, "e")]


def test_a_break_in_the_midst_of_sending_again_starts_over() -> None:
    buffer = ReportBuffer()
    for _ in range(4):
        buffer.add(remark())
    drain(buffer)
    buffer.resume(0)
    buffer.next()
    buffer.resume(1)
    assert [report.number for report in drain(buffer)] == [2, 3, 4]


def test_an_acknowledgement_while_sending_again_skips_what_was_acknowledged() -> None:
    buffer = ReportBuffer()
    for _ in range(4):
        buffer.add(remark())
    drain(buffer)
    buffer.resume(0)
    buffer.accepted(3)
    assert [report.number for report in drain(buffer)] == [4]


def test_remarks_give_way_first_and_moves_of_the_bot_never() -> None:
    buffer = ReportBuffer(limit=4)
    for _ in range(3):
        buffer.add(remark())
    for _ in range(3):
        buffer.add(chat())
    buffer.add(move())
    kinds = [report.WhichOneof("body") for report in drain(buffer)]
    assert kinds == ["log", "log", "chat", "chat", "transition", "log"]


def test_what_was_dropped_is_told_and_leaves_no_gap() -> None:
    buffer = ReportBuffer(limit=2)
    for _ in range(5):
        buffer.add(chat())
    sent = drain(buffer)
    assert [report.number for report in sent] == [1, 2, 3]
    assert sent[-1].log.code == "reports_lost"
    assert sent[-1].log.fields["count"] == "3"


def test_a_refused_report_is_replaced_under_its_number() -> None:
    buffer = ReportBuffer()
    for text in "ab":
        buffer.add(remark(text))
    drain(buffer)
    buffer.replace_first(event.LogEntry(code="report_refused"))
    buffer.resume(0)
    assert [(report.number, report.log.code) for report in drain(buffer)] == [(1, "report_refused"), (2, "remark")]
