"""The page's own microphone and camera: on for just as long as the bot says or shows something."""

from __future__ import annotations

import asyncio

import pytest

from agents.attendance.on_air import MUTED
from agents.browser.api import Json
from agents.browser.fakes import FakePage
from agents.media_devices.virtual_devices import OPEN, SHOW
from agents.platforms.base import Device, SwitchError
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_settings_pb2 as settings
from tests.unit.agents.runner.stage import DevicesOfStage, Stage

GREEN = settings.BotImage(type=settings.IMAGE_TYPE_JPEG, data=b"green")
MICROPHONE_ON, MICROPHONE_OFF = (Device.MICROPHONE, True), (Device.MICROPHONE, False)
REFUSED = "The meeting does not let the bot."


@pytest.fixture(autouse=True)
def devices(stage: Stage) -> None:
    stage.devices = DevicesOfStage()

    def answer(function: str, _: tuple[Json, ...]) -> Json:
        return {SHOW: "done", OPEN: True}.get(function)

    stage.launcher.make_page = lambda: FakePage(answer=answer)


@pytest.fixture
def playing(monkeypatch: pytest.MonkeyPatch) -> asyncio.Queue[asyncio.Event]:
    """Each sound that begins to play: it ends when its event is set."""
    begun: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def play(*_: object) -> float:
        begun.put_nowait(ends := asyncio.Event())
        await ends.wait()
        return 1.0

    monkeypatch.setattr("agents.attendance.output.play_sound", play)
    return begun


def speak(stage: Stage, command_id: str) -> None:
    stage.command(agent.Command(command_id=command_id, output_audio=agent.OutputAudioCommand(data=b"mp3")))


async def test_the_bots_picture_is_said_to_the_adapter_before_it_goes_in(stage: Stage) -> None:
    stage.spec.settings.bot_image.CopyFrom(GREEN)
    stage.start()
    await stage.join()
    assert [request.camera for request in stage.attendances[-1].entered] == [True]


async def test_the_camera_is_off_without_a_picture_and_on_with_the_first(stage: Stage) -> None:
    stage.start()
    await stage.join()
    attendance = stage.attendances[-1]
    assert [request.camera for request in attendance.entered] == [False]
    stage.command(agent.Command(command_id="cmd_1", output_image=agent.OutputImageCommand(image=GREEN)))
    await stage.until(lambda: bool(stage.link.answers))
    assert stage.link.answers == [("cmd_1", True, "")]
    assert attendance.switched == [(Device.CAMERA, True)]


async def test_the_microphone_is_on_while_something_is_said_and_not_turned_off_in_between(
    stage: Stage, playing: asyncio.Queue[asyncio.Event]
) -> None:
    stage.start()
    await stage.join()
    switched = stage.attendances[-1].switched
    speak(stage, "cmd_1")
    speak(stage, "cmd_2")
    first = await playing.get()
    assert MICROPHONE_OFF not in switched
    first.set()
    second = await playing.get()
    assert MICROPHONE_OFF not in switched
    second.set()
    await stage.until(lambda: len(stage.link.answers) == 2)
    assert [done for _, done, _ in stage.link.answers] == [True, True]
    assert switched == [MICROPHONE_ON, MICROPHONE_ON, MICROPHONE_OFF]


async def test_a_bot_that_is_muted_while_it_speaks_stops_and_says_so(stage: Stage, playing: asyncio.Queue[asyncio.Event]) -> None:
    stage.start()
    await stage.join()
    speak(stage, "cmd_1")
    await playing.get()
    stage.attendances[-1].muted.set()
    await stage.until(lambda: bool(stage.link.answers))
    assert stage.link.answers == [("cmd_1", False, MUTED)]


@pytest.mark.usefixtures("playing")
async def test_a_meeting_that_lets_nobody_speak_or_be_seen_is_the_answer(stage: Stage) -> None:
    stage.start()
    await stage.join()

    async def refuse(device: Device, *, on: bool) -> bool:
        if on:
            raise SwitchError(f"{REFUSED} {device}")
        return True

    stage.attendances[-1].switch = refuse  # type: ignore[method-assign]
    speak(stage, "cmd_1")
    stage.command(agent.Command(command_id="cmd_2", output_image=agent.OutputImageCommand(image=GREEN)))
    await stage.until(lambda: len(stage.link.answers) == 2)
    shown = [arguments for function, arguments in stage.page.evaluated if function == SHOW]
    assert shown == [("Z3JlZW4=", "image/jpeg"), (None, "")]
    assert sorted(stage.link.answers) == [("cmd_1", False, f"{REFUSED} microphone"), ("cmd_2", False, f"{REFUSED} camera")]
