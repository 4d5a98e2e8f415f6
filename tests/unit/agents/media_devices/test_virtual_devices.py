from __future__ import annotations

import asyncio

import pytest

from agents.browser.api import Json
from agents.browser.errors import PageCrashedError
from agents.browser.fakes import FakePage
from agents.media_devices.virtual_devices import (
    FRAME,
    HUSH,
    SCRIPT,
    SHOW,
    SOUND,
    TURN,
    WANTED,
    Channel,
    DeviceError,
    Picture,
    VirtualDevices,
)


def a_page(*, shows: str = "done", left_s: float = 1.0) -> FakePage:
    def answer(function: str, args: tuple[Json, ...]) -> Json:
        return {SHOW: shows, SOUND: left_s}.get(function)

    return FakePage(answer=answer)


@pytest.fixture
def page() -> FakePage:
    return a_page()


async def test_the_devices_are_in_every_document(page: FakePage) -> None:
    await VirtualDevices(page).prepare()
    assert page.scripts == [SCRIPT]


async def test_a_picture_turns_the_camera_on_and_none_turns_it_off(page: FakePage) -> None:
    devices = VirtualDevices(page)
    await devices.set_picture(Picture(b"abc", "image/jpeg"))
    await devices.set_picture(None)
    assert page.evaluated == [
        (SHOW, ("YWJj", "image/jpeg")),
        (TURN, ("camera", True)),
        (SHOW, (None, "")),
        (TURN, ("camera", False)),
    ]


async def test_a_new_document_that_asks_is_told_what_went_before(page: FakePage) -> None:
    devices = VirtualDevices(page, Picture(b"abc"))
    await devices.prepare()
    await devices.set_microphone(on=True)
    page.evaluated.clear()
    page.call(WANTED, "camera")
    await asyncio.gather(*devices._tasks)
    assert page.evaluated == [(TURN, ("microphone", True)), (SHOW, ("YWJj", "image/png")), (TURN, ("camera", True))]


async def test_what_a_hostile_page_asks_is_not_answered(page: FakePage) -> None:
    devices = VirtualDevices(page)
    await devices.prepare()
    for value in (None, 1, "everything"):
        page.call(WANTED, value)
    await asyncio.sleep(0)
    assert page.evaluated == []


@pytest.mark.parametrize(("said", "words"), [("no device", "camera"), ("unreadable", "cannot be read")])
async def test_a_picture_that_nobody_sees_is_an_error_and_holds_for_no_later_document(said: str, words: str) -> None:
    devices = VirtualDevices(a_page(shows=said), Picture(b"before"))
    with pytest.raises(DeviceError, match=words):
        await devices.set_picture(Picture(b"abc"))
    assert devices._picture == Picture(b"before")


async def test_samples_turn_the_microphone_on_once(page: FakePage) -> None:
    devices = VirtualDevices(page)
    assert await devices.sound(Channel.VOICE, b"abc") == 1.0
    await devices.sound(Channel.FILM, b"abc")
    await devices.hush(Channel.VOICE)
    assert page.evaluated == [
        (TURN, ("microphone", True)),
        (SOUND, ("voice", "YWJj")),
        (SOUND, ("film", "YWJj")),
        (HUSH, ("voice",)),
    ]


async def test_samples_that_nobody_hears_are_an_error() -> None:
    with pytest.raises(DeviceError, match="microphone"):
        await VirtualDevices(a_page(left_s=-1)).sound(Channel.VOICE, b"abc")


async def test_a_film_turns_the_camera_on_for_as_long_as_it_runs(page: FakePage) -> None:
    devices = VirtualDevices(page)
    for frame in (b"abc", b"abc", None):
        await devices.film(frame)
    assert page.evaluated == [
        (TURN, ("camera", True)),
        (FRAME, ("YWJj",)),
        (FRAME, ("YWJj",)),
        (TURN, ("camera", False)),
        (FRAME, (None,)),
    ]


async def test_a_page_that_fails_meanwhile_harms_nobody(page: FakePage) -> None:
    devices = VirtualDevices(page)
    await devices.prepare()
    page.call(WANTED, "camera")
    page.fail(PageCrashedError("crashed"))
    await asyncio.gather(*devices._tasks)
    with pytest.raises(PageCrashedError):
        await devices.set_picture(Picture(b"abc"))
