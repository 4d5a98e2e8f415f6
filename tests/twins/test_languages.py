"""Every state is told apart in every language: classification alone, so many pages of one browser and no service."""

from __future__ import annotations

import asyncio

import pytest

from agents.browser.api import Browser
from agents.platforms.base import UiState
from agents.platforms.registry import Registry
from tests.twins.attending import Meeting, Twins, until
from tests.twins.cases import MISSING
from tests.twins.hosts import PLATFORMS, ZOOM
from tests.twins.visiting import visiting

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150), pytest.mark.asyncio(loop_scope="session")]

STATES: dict[str, str] = {
    "normal": UiState.IN_MEETING,
    "alone": UiState.IN_MEETING,
    "alone without a list": UiState.IN_MEETING,
    "strange lobby without a list": "presence_unproven",
    "ignored in the lobby": UiState.LOBBY,
    "host never comes": UiState.HOST_ABSENT,
    "denied": UiState.DENIED,
    "the lobby gives up": UiState.LOBBY_GAVE_UP,
    "kicked": UiState.REMOVED,
    "ended": UiState.ENDED,
    "signed-in only": UiState.LOGIN_REQUIRED,
    "wrong passcode": UiState.WRONG_PASSCODE,
    "captcha": UiState.CAPTCHA,
    "blocked": UiState.BLOCKED,
    "encrypted": UiState.ENCRYPTED,
    "full": UiState.FULL,
    "not found": UiState.NOT_FOUND,
    "consent asked later": "consent_answered",
    "consent asked at the door": "consent_answered",
}
SAME_WORDS = {(ZOOM, UiState.DENIED): UiState.REMOVED.value}
"""Zoom tells those in the waiting room that they were removed."""
VARIANTS = {"en": "bb", "de": "ab", "ja": "ba"}
"""Of states by turns. Variant a in English is what test_scenarios.py plays."""
PAGES_AT_ONCE = 5


async def agreed(meeting: Meeting) -> bool:
    """Whether the visitor was taken to agree, as a guest does who stays."""

    async def answered() -> set[str]:
        return {one["consent"] for one in (await meeting.state())["people"]} & {"given", "refused"}

    return await until(answered) == {"given"}


@pytest.mark.parametrize("language", VARIANTS)
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_every_state_is_told_apart_in_every_language(platform: str, language: str, twins: Twins, browser: Browser) -> None:
    adapter = Registry().find(platform)
    few = asyncio.Semaphore(PAGES_AT_ONCE)

    async def fault(scenario: str, wanted: str, variant: str) -> str:
        async with few:
            meeting = await twins.set_up(platform, scenario, language=language, variant=variant)
            async with visiting(adapter, browser, meeting.url) as witness:
                found = await witness.hears(wanted, SAME_WORDS.get((platform, wanted), wanted))
                found = found and (wanted != "consent_answered" or await agreed(meeting))
        early = wanted == "presence_unproven" and UiState.IN_MEETING in witness.told
        return "" if found and not early else f"{scenario}, variant {variant}: {witness.told}"

    chosen = [(scenario, state) for scenario, state in STATES.items() if scenario not in MISSING.get(platform, ())]
    wanted = [(scenario, state, VARIANTS[language][number % 2]) for number, (scenario, state) in enumerate(chosen)]
    faults = [text for text in await asyncio.gather(*(fault(*one) for one in wanted)) if text]
    assert not faults, "\n" + "\n".join(faults)
