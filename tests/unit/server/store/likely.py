"""What agents may say, for stories that hypothesis makes up: by chance, and as it is likely where a bot is."""

from __future__ import annotations

from hypothesis import strategies as st

from server.domain.state import (
    ATTENDING,
    DEFAULT_SUB_TYPE,
    TERMINAL,
    BotState,
    RecordingState,
    Standing,
    SubType,
    Trigger,
    allowed_states,
    move,
)
from server.domain.state import SUB_TYPES as SUB_TYPES_OF
from tests.unit.server.store.story import Report, moved, recorded, remarked, seen

TRIGGERS = st.sampled_from(list(Trigger))
SUB_TYPES = st.none() | st.sampled_from(list(SubType))
REPORT = (
    st.builds(moved, TRIGGERS.map(str), SUB_TYPES.map(lambda word: word and str(word)))
    | st.builds(recorded, st.sampled_from([word.value for word in RecordingState]))
    | st.sampled_from([remarked(), seen("u1"), seen("u1", "speech_start"), seen("u2", "leave"), Report()])
)
REPORTS = st.lists(REPORT, min_size=1, max_size=4)
NOT_SAID = frozenset({Trigger.AGENT_LOST, Trigger.JOIN_REQUESTED, Trigger.STAGED, Trigger.DATA_DELETED})
"""What no agent reports."""
BEFORE_ANY_AGENT = frozenset({BotState.SCHEDULED, BotState.STAGED})


@st.composite
def fitting(draw: st.DrawFn, standing: Standing, without: frozenset[Trigger] = frozenset()) -> tuple[Trigger, SubType | None]:
    """A trigger that moves a bot from there, with a reason that it carries; mostly one after which the bot is still attending.

    Stories of chance alone are short ones.
    """
    legal = [word for word in Trigger if standing.state in allowed_states(word) and word not in without]
    on = [word for word in legal if move(standing, word, DEFAULT_SUB_TYPE.get(word)).state in ATTENDING | BEFORE_ANY_AGENT]
    trigger = draw(st.sampled_from(on if on and draw(st.integers(0, 9)) < 9 else legal))
    return trigger, draw(st.sampled_from(sorted(SUB_TYPES_OF.get(trigger, [None]), key=str)))


@st.composite
def likely_reports(draw: st.DrawFn, standing: Standing) -> list[Report]:
    """What an agent may well say in its next words."""
    reports = []
    for _ in range(draw(st.integers(1, 8))):
        if standing.state in TERMINAL | BEFORE_ANY_AGENT:
            break
        trigger, reason = draw(fitting(standing, NOT_SAID))
        reports.append(moved(trigger.value, reason))
        standing = move(standing, trigger, reason)
        if standing.state is BotState.POST_PROCESSING and draw(st.booleans()):
            reports.append(draw(st.sampled_from([recorded("complete", file_path="a.mp4"), recorded("failed")])))
    return [*reports, remarked()]
