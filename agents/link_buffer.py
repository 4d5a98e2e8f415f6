"""Reports on their way to the server: numbered without a gap, kept until acknowledged, bounded in memory.

A number is given at the moment of sending and not before, so that what is dropped for want of room leaves no gap. What happens
when the server stays away for long: above half the bound, remarks and capture health are no longer kept; above the bound nothing
is, save moves of the bot and news of its recording; how many were dropped is told to the log when the server is back. Nothing is
spilled to disk: an agent that dies takes its epoch with it, and nobody could send these reports after that.
"""

from __future__ import annotations

from collections import deque

from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import event_pb2 as event

_EXPENDABLE = frozenset({"log", "capture_health"})
_PRECIOUS = frozenset({"transition", "recording"})


class ReportBuffer:
    """The reports of one epoch.

    `limit` bounds the reports that wait for their first sending; `window` those that were sent and not acknowledged, which is
    also what keeps gRPC's own buffer small.
    """

    def __init__(self, *, limit: int = 100_000, window: int = 500) -> None:
        self._limit = limit
        self._window = window
        self._waiting: deque[agent.Report] = deque()
        self._unacknowledged: deque[agent.Report] = deque()
        self._again = 0  # how many at the end of `_unacknowledged` have to be sent again
        self._next_number = 1
        self._lost = 0

    def __len__(self) -> int:
        """How many reports the server has not acknowledged."""
        return len(self._waiting) + len(self._unacknowledged)

    def add(self, report: agent.Report) -> None:
        """Takes a report; its number is given when it is sent. Never blocks and never raises: see the module for the bound."""
        if self._has_room_for(report):
            self._waiting.append(report)
        else:
            self._lost += 1

    def _has_room_for(self, report: agent.Report) -> bool:
        body = report.WhichOneof("body")
        if body in _PRECIOUS:
            return True
        bound = self._limit // 2 if body in _EXPENDABLE else self._limit
        return len(self._waiting) < bound

    def next(self) -> agent.Report | None:
        """The next report to send, or None where there is none or the window is full."""
        if self._again:
            report = self._unacknowledged[len(self._unacknowledged) - self._again]
            self._again -= 1
            return report
        if len(self._unacknowledged) >= self._window or not (self._waiting or self._lost):
            return None
        report = self._waiting.popleft() if self._waiting else self._notice_of_loss()
        report.number = self._next_number
        self._next_number += 1
        self._unacknowledged.append(report)
        return report

    def _notice_of_loss(self) -> agent.Report:
        lost, self._lost = self._lost, 0
        remark = event.LogEntry(
            level=event.LOG_LEVEL_WARNING,
            code="reports_lost",
            message=f"The server was away so long that {lost} reports of this bot had to be dropped.",
            fields={"count": str(lost)},
        )
        report = agent.Report(log=remark)
        report.observed_time.GetCurrentTime()
        return report

    def accepted(self, number: int) -> None:
        """Forgets all reports up to and including `number`: they are stored."""
        while self._unacknowledged and self._unacknowledged[0].number <= number:
            self._unacknowledged.popleft()
        self._again = min(self._again, len(self._unacknowledged))
        self._next_number = max(self._next_number, number + 1)

    def is_waiting_for(self, number: int) -> bool:
        """Whether the report with this number was sent and is not acknowledged."""
        return bool(self._unacknowledged) and self._unacknowledged[0].number <= number

    def resume(self, last_number: int) -> None:
        """Starts again on a new stream: what the server has is forgotten, the rest is sent again."""
        self.accepted(last_number)
        self._again = len(self._unacknowledged)

    def replace_first(self, remark: event.LogEntry) -> None:
        """Puts a remark in the place of the oldest unacknowledged report, under its number: the server refuses that report."""
        if self._unacknowledged:
            refused = self._unacknowledged[0]
            self._unacknowledged[0] = agent.Report(number=refused.number, observed_time=refused.observed_time, log=remark)
