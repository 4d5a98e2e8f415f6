"""The story of one attendance, from the first browser to its ending: all that happens comes by one inbox, answered in order."""

from __future__ import annotations

import asyncio

from agents.attendance.account import Account, LoginError
from agents.attendance.company import Company
from agents.attendance.door import Door
from agents.attendance.endings import (
    ENDS,
    Ending,
    Then,
    Way,
    code_of,
    ending_of,
    join_failure,
    lost_in_meeting,
    no_way_back,
    not_back_in_time,
    nothing_seen,
)
from agents.attendance.evidence import Evidence
from agents.attendance.happenings import (
    CaptureFailed,
    Commanded,
    Entered,
    EnterFailed,
    Forsaken,
    Happening,
    PageFailed,
    TimeOver,
    UiSeen,
    forget_the_page,
)
from agents.attendance.obedience import Obedience
from agents.attendance.output import Output, first_picture
from agents.attendance.ports import LinkPort, Tools
from agents.attendance.recorder import Recorder
from agents.attendance.reports import Reporter
from agents.attendance.senses import senses_of
from agents.attendance.situation import Phase, SituationTracker
from agents.attendance.tasks import Tasks
from agents.attendance.tries import Tries
from agents.attendance.visit import Visit
from agents.attendance.voice import Voice
from agents.attendance.wishes import captions_asked_for
from agents.attendance.zoom_tokens import ZoomTokens, ZoomTokensError
from agents.browser.errors import BrowserError, PageFloodError, PageLoadError
from agents.capture.base import CaptureError, CaptureRequest
from agents.platforms.base import JoinStepError, NotSupportedError, UiState
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import event_pb2 as event

_TICK_S = 1.0
_PAST_THE_DOOR = {UiState.IN_MEETING, UiState.LOBBY, UiState.HOST_ABSENT}


class Story:
    """Call `attend`; then `visit` is what is still open, if anything."""

    def __init__(
        self,
        tools: Tools,
        granted: agent.LeaseGranted,
        *,
        capture_request: CaptureRequest,
        inbox: asyncio.Queue[Happening],
        link: LinkPort,
        reporter: Reporter,
        recorder: Recorder,
        situation: SituationTracker,
        evidence: Evidence,
    ) -> None:
        self._tools = tools
        self._patience = tools.patience
        self._spec = granted.bot
        self._capture_request = capture_request
        self._inbox = inbox
        self._link = link
        self._reporter = reporter
        self._recorder = recorder
        self._situation = situation
        self._evidence = evidence
        self._door = Door(
            self._spec.join_in_ms if self._spec.HasField("join_in_ms") else None,
            lambda: reporter.transition(bot.BOT_EVENT_TYPE_JOIN_REQUESTED),
        )
        wishes = self._spec.settings.recording_settings
        self._company = Company(
            reporter,
            situation,
            clock=tools.clock,
            flooded=lambda: inbox.put_nowait(PageFailed(PageFloodError("The page told of more than any meeting has."))),
            report_speech=wishes.record_participant_speech_start_stop_events,
            captions_asked_for=captions_asked_for(self._spec),
        )
        self._voice = Voice(reporter, link, people=lambda: self._company.people)
        self._output = Output(link, picture=first_picture(self._spec.settings), fetch=tools.fetch, remark=reporter.remark)
        self._obedience = Obedience(
            link,
            recorder=recorder,
            company=self._company,
            voice=self._voice,
            output=self._output,
            keep_chat=wishes.record_chat_messages_when_paused,
        )
        self._account = Account(self._spec, link, reporter.remark)
        self._tokens = ZoomTokens(self._spec, link, remark=reporter.remark, hide=evidence.hide)
        self.visit: Visit | None = None
        self.joined = False
        """Whether the bot was in the meeting, now or earlier."""
        self.evidence_of = ""
        """The code of the last fault that evidence was kept of."""
        self._in_now = self._waited = self._entered = False
        self._tries = Tries(self._patience, self._door, self._spec.settings.automatic_leave_settings)
        self._attempt = 0
        self._rejoins_left = self._patience.rejoins
        self._state = UiState.LOADING
        self._now = asyncio.get_running_loop().time
        self._deadline: float | None = None
        self._tasks = Tasks()

    async def attend(self) -> Ending:
        """Attends until something ends it. The last visit is left open, so that it can say goodbye."""
        self._tasks.begin(self._tick(), name="attendance")
        try:
            while True:
                self._door.open_if_due()
                ending = await self._one_visit()
                if ending is not None:
                    return await self._not_before_its_time(ending)
                await self._close_visit()
                ending = await self._pause(self._tries.before_next_s())
                if ending is not None:
                    return ending
        finally:
            self._company.spoken.end(joined=self.joined)
            for beside in (self._voice, self._output, self._tasks):
                await beside.stop()
            await self._recorder.give_up_beginning()

    async def _not_before_its_time(self, ending: Ending) -> Ending:
        """A bot that waits at the door has not failed to join: what goes wrong there is told when it would have gone in."""
        if ending.way is not Way.OVER or self._door.passed:
            return ending
        other = await self._pause(self._door.left_s)
        if other is None:
            self._door.open()
        return other or ending

    # -- visits --

    async def _one_visit(self) -> Ending | None:
        """From a new browser to an ending, or None where it has to be tried again."""
        self._entered = self._in_now = False
        self._state = UiState.LOADING
        self._attempt += 1
        self._deadline = self._now() + self._patience.rejoin_s if self.joined else self._tries.ends_at
        try:
            self.visit = Visit(
                self._tools,
                self._spec,
                self._capture_request,
                self._inbox.put_nowait,
                senses_of(self._company, self._recorder, self._reporter, self._situation),
                door=self._door,
                account=self._account,
                tokens=self._tokens,
                picture=self._output.picture,
            )
        except (NotSupportedError, CaptureError) as error:
            return join_failure(error)
        self._recorder.use(self.visit.capture)
        self.visit.start(self._attempt)
        while True:
            then = await self._react(await self._next())
            if then is not Then.GO_ON:
                return None if then is Then.TRY_AGAIN else then

    async def _close_visit(self) -> None:
        """Ends the browser and forgets what it still had to say."""
        await self._recorder.stop()
        if self.visit is not None:
            await self.visit.close()
            self.visit = None
        self._company.leave_page()
        self._change_phase(agent.AGENT_PHASE_JOINING)
        forget_the_page(self._inbox)

    async def _pause(self, seconds: float) -> Ending | None:
        """Waits before another try; an ending may come meanwhile."""
        self._deadline = self._now() + seconds
        while not isinstance(happening := await self._next(), TimeOver):
            then = await self._react(happening)
            if isinstance(then, Ending):
                return then
        return None

    async def _next(self) -> Happening:
        if self._deadline is None:
            return await self._inbox.get()
        try:
            async with asyncio.timeout(max(self._deadline - self._now(), 0)):  # wait_for may forget a cancellation
                return await self._inbox.get()
        except TimeoutError:
            self._deadline = None
            return TimeOver()

    # -- reactions: each says how it ends, or whether it has to be tried again --

    async def _react(self, happening: Happening) -> Ending | Then:
        then: Ending | Then = Then.GO_ON
        match happening:
            case UiSeen(observation=seen, at_ms=at_ms):
                self._evidence.said = seen.text
                self._reporter.remark("page_state", seen.evidence, level=event.LOG_LEVEL_DEBUG, state=seen.state.value)
                then = self._see_from_the_door(seen.state) or await self._see(seen.state, at_ms)
            case Entered():
                self._has_entered()
            case EnterFailed(error=error) if self._in_now:
                self._reporter.remark(
                    "join_step_late", "A step before the meeting failed, though the bot is in.", error=code_of(error)
                )
            case EnterFailed(error=error) | PageFailed(error=error):
                then = await self._fault(error)
            case TimeOver() if self.joined and not self._in_now:
                then = not_back_in_time()
            case TimeOver():
                then = await self._fault(nothing_seen(self._state, self._spec.meeting_url, joined=self.joined))
            case CaptureFailed(detail=detail):
                self._recorder.failed(detail)
                await self._recorder.begin_soon(None)
            case Commanded(command=command):
                then = await self._obedience.obey(command, self.visit if self._in_now else None) or Then.GO_ON
            case _:
                then = ENDS[type(happening)]
        return then

    def _has_entered(self) -> None:
        self._entered = True
        self._recorder.arm_soon()
        if not self.joined and self._situation.phase == agent.AGENT_PHASE_JOINING:
            self._deadline = self._now() + self._patience.evidence_s

    def _see_from_the_door(self, state: UiState) -> Then | None:
        """What a page says before the bot's time may well be otherwise when it has come: then it is opened anew. One that lets in
        whoever opens it is not denied.
        """
        if self._door.passed:
            return None
        if state in _PAST_THE_DOOR:
            self._door.open()
        elif ending_of(state, joined=False) is not None:
            self._tries.wait_for_the_door()
            return Then.TRY_AGAIN
        return None

    async def _see(self, state: UiState, at_ms: int) -> Ending | Then:
        self._state = state
        if not self._in_now and self._account.asked_for_by(state):
            return Then.TRY_AGAIN
        with_tokens = self._tokens.in_use
        ending = ending_of(state, joined=self.joined, with_tokens=with_tokens)
        if ending is None and not self._in_now:
            ending = ending_of(state, joined=False, with_tokens=with_tokens)
        if ending is not None:
            return self._as_one_who_was_in(ending)
        if state is UiState.IN_MEETING:
            await self._is_in(at_ms)
        elif state in (UiState.LOBBY, UiState.HOST_ABSENT):
            self._waits(state)
        elif state is UiState.LOBBY_GAVE_UP:
            self._tasks.begin(self._ask_again(), name="attendance")
        elif state in (UiState.PRE_JOIN, UiState.NAME_ASKED):
            self._recorder.arm_soon()
            self._gone_from_where_it_was()
        elif state is UiState.PAGE_LOST:
            self._gone_from_where_it_was(back_s=self._patience.lost_s)
        elif state is not UiState.CONSENT:
            self._sees_neither(state)
        return Then.GO_ON

    def _waits(self, state: UiState) -> None:
        """In the lobby, or before a meeting without its host. The server knows how long that may last for a first joining."""
        self._recorder.arm_soon()
        if self.joined:
            return
        self._deadline = None
        self._tries.came_through()
        lobby = state is UiState.LOBBY
        self._change_phase(agent.AGENT_PHASE_WAITING_ROOM if lobby else agent.AGENT_PHASE_WAITING_FOR_HOST)
        if lobby and not self._waited:
            self._waited = True
            self._reporter.transition(bot.BOT_EVENT_TYPE_PUT_IN_WAITING_ROOM)

    def _gone_from_where_it_was(self, *, back_s: float | None = None) -> None:
        """The page shows neither lobby nor meeting nor an end: that may last a moment, not for ever."""
        if self._in_now:
            self._deadline = self._now() + (self._patience.back_s if back_s is None else back_s)
        elif self._entered and not self.joined:
            self._deadline = self._now() + self._patience.evidence_s

    def _sees_neither(self, state: UiState) -> None:
        """The page shows nothing that says where the bot is."""
        self._gone_from_where_it_was()
        if state is UiState.UNKNOWN:
            page = self.visit.page if self.visit else None
            self._tasks.begin(self._evidence.tell(page, "page_unknown"), name="attendance")  # the adapter has told what it shows
            lobby_s = self._spec.settings.automatic_leave_settings.waiting_room_timeout_seconds
            if self._entered and not self.joined:  # it may be a lobby
                self._deadline = self._now() + max(self._patience.evidence_s, lobby_s)

    async def _ask_again(self) -> None:
        visit = self.visit
        await asyncio.sleep(self._patience.ask_again_s)
        if visit is not None and visit is self.visit:
            self._attempt += 1
            visit.ask_again(self._attempt)

    async def _is_in(self, at_ms: int) -> None:
        """The recording begins first and is told after: its first second is the meeting's first second."""
        self._deadline = None
        if self._in_now:
            return
        self._in_now = True
        first, self.joined = not self.joined, True
        self._evidence.enter_meeting()
        self._tries.succeeded()
        joined_told = asyncio.Event()
        await self._recorder.begin_soon(joined_told, first_s=self._patience.recording_first_s)
        if first:
            self._reporter.transition(bot.BOT_EVENT_TYPE_JOINED_MEETING, at_ms=at_ms)
        joined_told.set()
        self._change_phase(agent.AGENT_PHASE_IN_MEETING)
        self._company.enter_meeting()
        if first and self._spec.attempt <= 1 and self._spec.settings.HasField("bot_chat_message") and self.visit is not None:
            self._voice.greet(self.visit, self._spec.settings.bot_chat_message)

    async def _fault(self, error: Exception) -> Ending | Then:
        """A page fault: another try where there is one left, else an ending."""
        if not isinstance(error, BrowserError | JoinStepError | NotSupportedError | CaptureError | LoginError | ZoomTokensError):
            raise error  # not a fault of the page but ours
        code = code_of(error)
        was_in, self._in_now = self._in_now, False
        self.evidence_of = code
        page = self.visit.page if self.visit else None
        fields = {"try_number": str(self._tries.count + 1), **await self._evidence.of_fault(page, code)}
        words = str(error).split("\n", 1)[0]  # only our own errors come here, and only their first line is for the bot's owner
        self._reporter.remark(code, words, level=event.LOG_LEVEL_WARNING, **fields)
        then = self._rejoin(code) if was_in else self._try_again(error)
        if then is Then.TRY_AGAIN and self.visit is not None and not isinstance(error, PageLoadError):
            await self.visit.leave()  # who only vanishes may stand in the room for a while yet, beside the one that comes next
        return then

    def _try_again(self, error: Exception) -> Ending | Then:
        return Then.TRY_AGAIN if self._tries.another(error) else self._as_one_who_was_in(self._tries.ending(error))

    def _as_one_who_was_in(self, ending: Ending) -> Ending:
        """Who was in the meeting, with this agent or an earlier one, and is not let in again, has seen its end."""
        was_in = self.joined or self._spec.joined_timestamp_ms > 0
        return no_way_back(ending) if was_in and ending.trigger == bot.BOT_EVENT_TYPE_COULD_NOT_JOIN_MEETING else ending

    def _rejoin(self, code: str) -> Ending | Then:
        if self._rejoins_left == 0:
            return lost_in_meeting(code)
        self._rejoins_left -= 1
        self._reporter.remark(
            "rejoining", "The meeting's page was lost; the bot joins again.", level=event.LOG_LEVEL_WARNING, cause=code
        )
        return Then.TRY_AGAIN

    # -- the rest --

    def _change_phase(self, phase: Phase) -> None:
        if self._situation.enter(phase):
            self._link.nudge()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self._recorder.tick()
            self._company.tick()
            if min(self._link.away_s, self._situation.snapshot().alone_ms / 1000) >= self._patience.forsaken_s:
                self._inbox.put_nowait(Forsaken())
                return
