from __future__ import annotations

import asyncio

import pytest

from agents.browser.errors import PageCrashedError
from agents.browser.fakes import FakePage
from agents.media_devices.virtual_devices import PLAY, SCRIPT, SHOW, TURN, WANTED, VirtualDevices


@pytest.fixture
def page() -> FakePage:
    return FakePage()


async def test_the_devices_are_in_every_document(page: FakePage) -> None:
    await VirtualDevices(page).prepare()
    assert page.scripts == [SCRIPT]


async def test_a_picture_turns_the_camera_on_and_none_turns_it_off(page: FakePage) -> None:
    devices = VirtualDevices(page)
    await devices.set_image(b"abc", "image/jpeg")
    await devices.set_image(None)
    assert page.evaluated == [
        (SHOW, ("YWJj", "image/jpeg")),
        (TURN, ("camera", True)),
        (SHOW, (None, "")),
        (TURN, ("camera", False)),
    ]


async def test_a_new_document_that_asks_is_told_what_went_before(page: FakePage) -> None:
    devices = VirtualDevices(page)
    await devices.prepare()
    await devices.set_microphone(on=True)
    await devices.set_image(b"abc")
    page.evaluated.clear()
    page.call(WANTED, "camera")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert page.evaluated == [(TURN, ("microphone", True)), (SHOW, ("YWJj", "image/png")), (TURN, ("camera", True))]


async def test_what_a_hostile_page_asks_is_not_answered(page: FakePage) -> None:
    devices = VirtualDevices(page)
    await devices.prepare()
    for value in (None, 1, "everything"):
        page.call(WANTED, value)
    await asyncio.sleep(0)
    assert page.evaluated == []


async def test_the_length_of_a_sound_is_told(page: FakePage) -> None:
    page.answer = lambda function, _: 2.5 if function == PLAY else None
    assert await VirtualDevices(page).play(b"abc") == 2.5


async def test_a_page_that_fails_meanwhile_harms_nobody(page: FakePage) -> None:
    devices = VirtualDevices(page)
    await devices.prepare()
    page.call(WANTED, "camera")
    page.fail(PageCrashedError("crashed"))
    await asyncio.gather(*devices._tasks)
    with pytest.raises(PageCrashedError):
        await devices.set_image(b"abc")
