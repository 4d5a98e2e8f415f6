"""Puts an agent's reports into line: without gaps, however they come."""

from __future__ import annotations

from rollcall.v1.agent_service_pb2 import Report
from server.domain.errors import ProtocolError

_MOST_AHEAD = 10_000


class ReportLine:
    """Reports by number. `stored` is the last one that is in the database; one that comes again is dropped."""

    def __init__(self, stored: int) -> None:
        self.stored = stored
        self._ahead: dict[int, Report] = {}

    def add(self, report: Report) -> None:
        """Takes a report. Raises ProtocolError where too many wait for one that never came."""
        if report.number <= self.stored:
            return
        self._ahead[report.number] = report
        if len(self._ahead) > _MOST_AHEAD:
            raise ProtocolError(f"Report {self.stored + 1} is missing, and {_MOST_AHEAD} after it have come.")

    def take(self, most: int) -> list[Report]:
        """The next reports in order, at most so many; they are no longer held here."""
        batch: list[Report] = []
        number = self.stored + 1
        while len(batch) < most and number in self._ahead:
            batch.append(self._ahead.pop(number))
            number += 1
        return batch
