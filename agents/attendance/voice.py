"""What the bot says in the chat: one message after the other, beside everything else that happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from agents.attendance.endings import code_of
from agents.attendance.ports import LinkPort
from agents.attendance.reports import Reporter
from agents.attendance.tasks import Tasks
from agents.attendance.visit import Visit
from agents.browser.errors import BrowserError
from agents.platforms.base import RECEIVER_STEP, JoinStepError, NotSupportedError, PersonSeen
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_pb2 as bot
from rollcall.v1 import bot_settings_pb2 as settings
from rollcall.v1 import event_pb2 as event

_MOST_RECEIVERS = 50
"""Of a message to everyone but the host, which is as many messages."""


class Voice:
    """Says things on whatever visit is under way, and answers commands."""

    def __init__(self, reporter: Reporter, link: LinkPort, *, people: Callable[[], list[PersonSeen]]) -> None:
        """`people`: who is in the meeting now, besides the bot."""
        self._reporter = reporter
        self._people = people
        self._link = link
        self._one_at_a_time = asyncio.Lock()
        self._tasks = Tasks()

    def greet(self, visit: Visit, message: settings.BotChatMessage) -> None:
        """Says the message that the bot brings along; a failure is a remark in its log."""
        self._tasks.begin(self._greet(visit, message), name="chat")

    def obey(self, visit: Visit | None, command_id: str, wish: agent.SendChatCommand) -> None:
        """Says what is asked for, and answers."""
        self._tasks.begin(self._obey(visit, command_id, wish), name="chat")

    async def _greet(self, visit: Visit, message: settings.BotChatMessage) -> None:
        failure = await self._say(visit, message.message, message.to, message.to_user_uuid)
        if failure:
            self._reporter.remark("chat_message_not_sent", failure, level=event.LOG_LEVEL_WARNING)

    async def _obey(self, visit: Visit | None, command_id: str, wish: agent.SendChatCommand) -> None:
        failure = "The bot is not in the meeting now."
        if visit is not None:
            failure = await self._say(visit, wish.message, wish.to, wish.to_user_uuid)
        self._link.answer(command_id, done=not failure, detail=failure)

    async def _say(self, visit: Visit, text: str, to: bot.ChatMessageTo.ValueType, to_user_uuid: str) -> str:
        """Why it could not be said; empty if it was."""
        receivers: list[str | None] = [to_user_uuid if to == bot.CHAT_MESSAGE_TO_SPECIFIC_USER else None]
        if to == bot.CHAT_MESSAGE_TO_EVERYONE_BUT_HOST:  # no platform's chat has that: each of them gets it alone
            receivers = [person.user_uuid or person.uuid for person in self._people() if not person.is_host]
            if not 0 < len(receivers) <= _MOST_RECEIVERS:
                return f"There are {len(receivers)} people besides the host; a message can be sent to 1 to {_MOST_RECEIVERS}."
        try:
            async with self._one_at_a_time:
                for receiver in receivers:
                    await visit.say(text, receiver)
        except NotSupportedError as error:
            return str(error)
        except (JoinStepError, BrowserError) as error:
            if isinstance(error, JoinStepError) and error.step == RECEIVER_STEP:
                return "The chat does not offer the receiver: nobody with that id is in the meeting now."
            step = f" at “{error.step}”" if isinstance(error, JoinStepError) else ""
            return f"The meeting's chat could not be used{step} ({code_of(error)})."
        except Exception:  # noqa: BLE001 - a fault in an adapter must not leave the command unanswered
            structlog.get_logger().exception("chat_failed")
            return "A fault in the worker; see its log."
        return ""

    async def stop(self) -> None:
        """Gives up what is not said yet."""
        await self._tasks.stop()
