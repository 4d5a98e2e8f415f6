"""Writes into a meeting's chat, by the page's own field or by its client."""

from __future__ import annotations

import asyncio
import textwrap
import time
from collections.abc import Callable

from agents.platforms.base import RECEIVER_STEP, JoinStepError, NotSupportedError
from agents.platforms.platform_file import Chat
from agents.platforms.program import Program
from agents.platforms.steps import StepRunner, compile_steps

CHAT_SECONDS = 8.0


class ChatWriter:
    """The chat of one attendance as somebody who writes. `panels` is held by whoever opens and closes panels of the page."""

    def __init__(self, chat: Chat | None, program: Program, *, title: str, sent: Callable[[str, float], None]) -> None:
        """`sent` is told each message before it is written, and the instant of time.monotonic()."""
        self._chat = chat or Chat()
        self._none = chat is None
        self._title = title
        self._sent = sent
        self._open = compile_steps(self._chat.open, program)
        self._person = compile_steps(self._chat.person, program)
        self._everyone = compile_steps(self._chat.everyone, program)
        self._send_js = program.expression(self._chat.send_js) if self._chat.send_js else ""
        self._receiver: str | None = ""
        """Whom the chat writes to now; None where it was opened anew, and nobody knows."""
        self._opened = False
        self.panels = asyncio.Lock()

    async def send(self, message: str, to: str, to_name: str, *, runner: StepRunner, passed: Callable[[], bool]) -> None:
        """Says it, to everyone or to the one with the id `to`. Messages longer than the page takes are sent in parts.

        Raises NotSupportedError, JoinStepError and the browser's errors.
        """
        chat = self._chat
        if self._none or not (chat.input or chat.send_js):
            raise NotSupportedError(f"{self._title} has no chat that a bot can write to")
        if to and not (chat.to or chat.send_js or chat.person):
            raise NotSupportedError(f"{self._title} has no messages to one person")
        parts = textwrap.wrap(message, chat.max_length, replace_whitespace=False) if chat.max_length else [message]
        async with self.panels:
            for part in parts or [message]:
                self._sent(part, time.monotonic())
                if self._send_js:
                    await self._by_the_client(part, to, runner)
                    continue
                deadline = time.monotonic() + CHAT_SECONDS
                await self._open_it(runner, passed, deadline)
                await self._choose_receiver(to, to_name, runner, passed, deadline)
                await self._by_hand(part, to, runner, deadline)

    async def _by_the_client(self, message: str, to: str, runner: StepRunner) -> None:
        values = {**runner.values, "message": message, "to": to}
        if not await runner.hands.run(self._send_js, values, timeout_s=CHAT_SECONDS):
            raise JoinStepError("chat send_js", "the chat's send_js was not true in any frame")

    async def _by_hand(self, message: str, to: str, runner: StepRunner, deadline: float) -> None:
        chat, hands = self._chat, runner.hands
        if chat.to and (why := await hands.choose(chat.to, to, deadline=deadline)):
            raise JoinStepError(RECEIVER_STEP, f"the list of receivers {why}")
        if why := await hands.fill(chat.input, message, deadline=deadline):
            raise JoinStepError("chat input", f"the chat's input {why}")
        if chat.send and not (chat.press and await hands.locate(chat.send) is None):
            if why := await hands.click(chat.send, deadline=deadline):
                raise JoinStepError("chat send", f"the chat's send button {why}")
        else:
            await runner.page.press(chat.press)

    async def keep_open(self, runner: StepRunner, *, passed: Callable[[], bool]) -> None:
        """Opens the chat, where messages are seen only while it is open. Raises JoinStepError and the browser's errors."""
        if self._chat.keep_open:
            async with self.panels:
                await self._open_it(runner, passed, None)

    async def _open_it(self, runner: StepRunner, passed: Callable[[], bool], until: float | None) -> None:
        """The button that opens the chat closes it, too: it may be open already."""
        if await runner.hands.locate(self._chat.input) is None:
            self._receiver = None if self._opened else ""
            self._opened = True
            await runner.run(self._open, passed=passed, until=until)

    async def _choose_receiver(
        self, to: str, to_name: str, runner: StepRunner, passed: Callable[[], bool], deadline: float
    ) -> None:
        """By steps, where the chat's list of receivers is no plain one. It stays at whom it was left at."""
        if to == self._receiver or not self._person:
            return
        try:
            if to:
                runner.values = {**runner.values, "to_name": to_name, "to_id": to}
                await runner.run(self._person, passed=passed, until=deadline)
            else:
                await runner.run(self._everyone, passed=passed, until=deadline)
        except JoinStepError as error:
            raise JoinStepError(RECEIVER_STEP, str(error)) from error
        self._receiver = to
