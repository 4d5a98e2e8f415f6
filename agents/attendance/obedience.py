"""Carries out what the server wishes: each command is done and answered."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from agents.attendance.company import Company
from agents.attendance.endings import Ending, Way
from agents.attendance.output import Output
from agents.attendance.ports import LinkPort
from agents.attendance.recorder import Recorder
from agents.attendance.visit import Visit
from agents.attendance.voice import Voice
from agents.browser.errors import BrowserError
from agents.capture.base import CaptureError
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot


class Obedience:
    """Obeys commands on behalf of one attendance. `keep_chat`: whether chat is kept while the recording is paused."""

    def __init__(
        self, link: LinkPort, *, recorder: Recorder, company: Company, voice: Voice, output: Output, keep_chat: bool
    ) -> None:
        self._link = link
        self._recorder = recorder
        self._company = company
        self._voice = voice
        self._output = output
        self._keep_chat = keep_chat
        company.keep(chat=keep_chat or not recorder.paused, words=not recorder.paused)

    async def obey(self, command: agent.Command, visit: Visit | None) -> Ending | None:
        """Does what is asked; `visit` is None while the bot is not in the meeting. An ending where the wish is to leave."""
        match command.WhichOneof("wish"):
            case "leave":
                self._link.answer(command.command_id, done=True)
                way = Way.ABANDONED if command.leave.abandoned else Way.LEFT
                return Ending(way, code=bot.BotEventSubType.Name(command.leave.sub_type))
            case "send_chat":
                self._voice.obey(visit, command.command_id, command.send_chat)
            case "output_audio" | "output_image" | "output_video":
                self._output.obey(visit, command)
            case "pause_recording":
                await self._pause(command.command_id, visit)
            case "resume_recording":
                await self._resume(command.command_id, visit)
            case _:
                self._link.answer(command.command_id, done=False, detail="This worker does not know that command; is it older?")
        return None

    async def _pause(self, command_id: str, visit: Visit | None) -> None:
        """Also while the page is lost: when the bot is back, nothing is recorded."""
        if await self._try(command_id, self._recorder.pause()):
            self._company.keep(chat=self._keep_chat, words=False)
            self._recorder.tell(in_meeting=visit is not None)

    async def _resume(self, command_id: str, visit: Visit | None) -> None:
        if visit is None:
            self._link.answer(command_id, done=False, detail="The bot is not in the meeting now: ask again when it is.")
        elif await self._try(command_id, self._recorder.resume()):
            self._company.keep(chat=True, words=True)
            self._recorder.tell(in_meeting=True)

    async def _try(self, command_id: str, change: Coroutine[Any, Any, None]) -> bool:
        try:
            await change
        except CaptureError as error:
            self._link.answer(command_id, done=False, detail=str(error))
            return False
        except BrowserError:
            self._link.answer(command_id, done=False, detail="The meeting's page did not answer.")
            return False
        self._link.answer(command_id, done=True)
        return True
