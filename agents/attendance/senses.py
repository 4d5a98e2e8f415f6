"""Who takes in what a visit sees and hears."""

from __future__ import annotations

from agents.attendance.company import Company
from agents.attendance.recorder import Recorder
from agents.attendance.reports import Reporter
from agents.attendance.situation import SituationTracker
from agents.attendance.visit import Senses


def senses_of(company: Company, recorder: Recorder, reporter: Reporter, situation: SituationTracker) -> Senses:
    """The senses of an attendance, the same for each of its visits."""
    return Senses(
        people=company.see,
        speaking=lambda uuid, speaks: company.speak(uuid, speaking=speaks),
        heard=lambda track, speaks: company.hear(track, speaking=speaks),
        chat=company.read,
        caption=company.spoken.read,
        captions=company.spoken.switched,
        remark=reporter.remark,
        hearing=recorder.hear,
        health=lambda sample: recorder.sample(sample, somebody_speaks=situation.somebody_speaks),
    )
