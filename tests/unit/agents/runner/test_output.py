"""What the runner does with sounds, pictures and films that it is told to play."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agents.browser.api import Json
from agents.browser.errors import PageCrashedError
from agents.browser.fakes import FakePage
from agents.media_devices.virtual_devices import SHOW, DeviceError, Picture
from agents.platforms.base import UiState
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import bot_settings_pb2 as settings
from tests.unit.agents.runner.stage import DevicesOfStage, Stage

RED = settings.BotImage(type=settings.IMAGE_TYPE_PNG, data=b"red")
GREEN = settings.BotImage(type=settings.IMAGE_TYPE_JPEG, data=b"green")


@pytest.fixture
def devices(stage: Stage) -> DevicesOfStage:
    stage.devices = DevicesOfStage()

    def answer(function: str, _: tuple[Json, ...]) -> Json:
        return "done" if function == SHOW else None

    stage.launcher.make_page = lambda: FakePage(answer=answer)
    return stage.devices


def show(stage: Stage, image: settings.BotImage, command_id: str = "cmd_1") -> None:
    stage.command(agent.Command(command_id=command_id, output_image=agent.OutputImageCommand(image=image)))


async def test_a_bot_has_its_picture_from_the_beginning(stage: Stage, devices: DevicesOfStage) -> None:
    stage.spec.settings.bot_image.CopyFrom(RED)
    stage.start()
    await stage.join()
    assert devices.installed == [Picture(b"red", "image/png")]


async def test_a_picture_is_shown_and_is_there_when_the_page_had_to_be_opened_anew(stage: Stage, devices: DevicesOfStage) -> None:
    stage.start()
    await stage.join()
    show(stage, GREEN)
    await stage.until(lambda: bool(stage.link.answers))
    assert stage.link.answers == [("cmd_1", True, "")]
    stage.break_page(PageCrashedError("gone"))
    await stage.until_entered(2)
    stage.show(UiState.IN_MEETING)
    assert devices.installed == [None, Picture(b"green", "image/jpeg")]


@pytest.mark.usefixtures("devices")
async def test_what_is_asked_for_before_the_bot_is_in_is_answered(stage: Stage) -> None:
    stage.start()
    await stage.until_entered()
    show(stage, GREEN)
    await stage.until(lambda: bool(stage.link.answers))
    assert stage.link.answers[0][1:] == (False, "The bot is not in the meeting now: ask again when it is.")


@pytest.mark.usefixtures("devices")
async def test_a_film_that_cannot_be_fetched_is_answered_with_why(stage: Stage) -> None:
    async def refuse(url: str, target: Path) -> None:
        raise DeviceError(f"Not {url}, not to {target.name}.")

    stage.fetch = refuse
    stage.start()
    await stage.join()
    stage.command(agent.Command(command_id="cmd_1", output_video=agent.OutputVideoCommand(url="https://a.example/b.mp4")))
    await stage.until(lambda: bool(stage.link.answers))
    assert stage.link.answers == [("cmd_1", False, "Not https://a.example/b.mp4, not to film.mp4.")]


@pytest.mark.usefixtures("devices")
async def test_what_is_still_being_fetched_when_the_bot_leaves_keeps_it_not(stage: Stage) -> None:
    asked: list[str] = []

    async def never(url: str, target: Path) -> None:
        asked.append(url)
        await asyncio.Event().wait()

    stage.fetch = never
    stage.start()
    await stage.join()
    stage.command(agent.Command(command_id="cmd_1", output_video=agent.OutputVideoCommand(url="https://a.example/b.mp4")))
    await stage.until(lambda: bool(asked))
    stage.leave()
    await stage.end()
    assert stage.triggers()[-1] == "post_processing_completed"
