"""One browser at one meeting: from its start to its close. An attendance makes another one where the first is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from agents.attendance.account import Account
from agents.attendance.door import Door
from agents.attendance.happenings import CaptureFailed, Entered, EnterFailed, Happening, PageFailed, UiSeen
from agents.attendance.ports import Tools
from agents.attendance.wishes import caption_wish, view_wish
from agents.attendance.zoom_tokens import ZoomTokens
from agents.browser.api import Browser, BrowserOptions, Page
from agents.capture.base import Capture, CaptureListeners, CaptureRequest, HealthSample
from agents.media_devices.virtual_devices import Picture, VirtualDevices
from agents.platforms.base import Attendance, CaptionSeen, ChatSeen, Device, JoinRequest, Listeners, PersonSeen
from rollcall.v1 import agent_service_pb2 as agent

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Senses:
    """What the attendance hears besides happenings; each is called at once, and never for a visit that was closed."""

    people: Callable[[list[PersonSeen]], None]
    speaking: Callable[[str, bool], None]
    """By the page's marks: a participant's uuid."""
    heard: Callable[[str, bool], None]
    """By the tracks themselves: a track's id."""
    chat: Callable[[ChatSeen], None]
    caption: Callable[[CaptionSeen], None]
    captions: Callable[[bool, str], None]
    """Whether captions are on, and where not, why."""
    hearing: Callable[[bool], None]
    """As CaptureListeners.hearing."""
    remark: Callable[[str, str], None]
    health: Callable[[HealthSample], None]


class Visit:
    """Call `start`, then `close` in any case. Whatever happens is given to `post`."""

    def __init__(
        self,
        tools: Tools,
        spec: agent.BotSpec,
        capture_request: CaptureRequest,
        post: Callable[[Happening], None],
        senses: Senses,
        *,
        door: Door,
        account: Account,
        tokens: ZoomTokens,
        picture: Picture | None,
    ) -> None:
        """`picture` is on the bot's camera. Raises NotSupportedError where there is no adapter for the bot's platform."""
        self._tools = tools
        self._spec = spec
        self._post = post
        self._senses = senses
        self._door = door
        self._account = account
        self._tokens = tokens
        self._secrets: Mapping[str, str] = {}
        self._picture = picture
        self._adapter = tools.adapter_for(spec)
        self._attendance: Attendance = self._adapter.attend()
        self.capture: Capture = tools.make_capture(capture_request)
        self.page: Page | None = None
        self.devices: VirtualDevices | None = None
        self._browser: Browser | None = None
        self._entering: asyncio.Task[None] | None = None
        self._closed = False

    def start(self, attempt: int) -> None:
        """Starts the browser and goes in; ends with Entered or EnterFailed."""
        self._entering = asyncio.create_task(self._enter(attempt), name=f"enter {self._spec.bot_id}")

    def ask_again(self, attempt: int) -> None:
        """Goes in once more on the same page: the platform gave up on the lobby by itself."""
        self._entering = asyncio.create_task(self._ask(attempt), name=f"enter {self._spec.bot_id}")

    async def _enter(self, attempt: int) -> None:
        try:
            page = await self._open_page()
            await self._account.sign_in(page)  # first: what others put into documents has nothing to do in those that restore it
            if self._tools.devices is not None:
                self.devices = await self._tools.devices.install(page, self._picture)
            await self.capture.prepare(page, self._capture_listeners())
            await self._attendance.prepare(page, self._listeners())
            await self._door.come_near()
            self._secrets = await self._tokens.fetch()
        except Exception as error:  # noqa: BLE001 - whatever it is, the attendance decides what it means
            self._tell(EnterFailed(error))
        else:
            await self._ask(attempt)

    async def _ask(self, attempt: int) -> None:
        try:
            await self._attendance.enter(self._request(attempt))
        except Exception as error:  # noqa: BLE001 - as above
            self._tell(EnterFailed(error))
        else:
            self._tell(Entered())

    def _request(self, attempt: int) -> JoinRequest:
        return JoinRequest(
            self._spec.meeting_url,
            self._spec.bot_name,
            attempt,
            captions=caption_wish(self._spec),
            view=view_wish(self._spec),
            camera=self._picture is not None,
            door=self._door.go_through,
            secrets=self._secrets,
        )

    async def _open_page(self) -> Page:
        options = self.capture.browser_options(self._adapter.browser_options(BrowserOptions()))
        self._browser = await self._tools.launcher.launch(options, profile_parent=self._tools.profile_parent)
        self.page = await self._browser.new_page()
        self.page.on_silence(self._unless_closed(self._page_silent))
        self.page.failure.add_done_callback(self._page_failed)
        return self.page

    def _page_silent(self, seconds: float) -> None:
        if seconds:
            self._senses.remark("page_silent", f"The page has not answered for {seconds:.1f} s: it is busy, or it hangs.")
        else:
            self._senses.remark("page_answers", "The page answers again.")

    def _page_failed(self, failure: asyncio.Future[Exception]) -> None:
        if not failure.cancelled():
            self._tell(PageFailed(failure.result()))

    def _tell(self, happening: Happening) -> None:
        if not self._closed:
            self._post(happening)

    def _listeners(self) -> Listeners:
        clock = self._tools.clock
        return Listeners(
            ui_state=lambda seen: self._tell(UiSeen(seen, clock.unix_ms())),
            people=self._unless_closed(self._senses.people),
            speaking=lambda uuid, speaks: None if self._closed else self._senses.speaking(uuid, speaks),
            chat=self._unless_closed(self._senses.chat),
            caption=self._unless_closed(self._senses.caption),
            captions=lambda on, why: None if self._closed else self._senses.captions(on, why),
            log=lambda code, message: None if self._closed else self._senses.remark(code, message),
        )

    def _capture_listeners(self) -> CaptureListeners:
        return CaptureListeners(
            health=self._unless_closed(self._senses.health),
            speaking=lambda track, speaks: None if self._closed else self._senses.heard(track, speaks),
            hearing=self._unless_closed(self._senses.hearing),
            failed=lambda detail: self._tell(CaptureFailed(detail)),
        )

    def _unless_closed(self, listener: Callable[[_T], None]) -> Callable[[_T], None]:
        def listen(value: _T) -> None:
            if not self._closed:
                listener(value)

        return listen

    async def say(self, message: str, to_user_uuid: str | None) -> None:
        """Says something in the chat. Raises NotSupportedError, JoinStepError, BrowserError."""
        await self._attendance.send_chat(message, to_user_uuid=to_user_uuid)

    async def switch(self, device: Device, *, on: bool) -> bool:
        """As Attendance.switch."""
        return await self._attendance.switch(device, on=on)

    async def switched_off(self, device: Device) -> None:
        """As Attendance.switched_off."""
        await self._attendance.switched_off(device)

    async def leave(self) -> None:
        """Says goodbye as a guest would; gives up after a few seconds."""
        self._closed = True
        await self._stop_entering()
        if self.page is not None and not self.page.failure.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._tools.patience.leave_s):
                    await self._attendance.leave()

    async def close(self) -> None:
        """Ends the browser; nothing is heard of this visit any more. May be called twice."""
        self._closed = True
        await self._stop_entering()
        browser, self._browser = self._browser, None
        if browser is not None:
            await browser.close()

    async def _stop_entering(self) -> None:
        entering, self._entering = self._entering, None
        if entering is not None:
            entering.cancel()
            await asyncio.wait({entering})
