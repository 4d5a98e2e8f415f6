"""When the list of people is looked at again."""

from __future__ import annotations

import asyncio

import pytest

from agents.platforms import host_lookup
from agents.platforms.host_lookup import HostLookup


async def test_looks_follow_people_who_come_and_go_and_are_ever_further_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    looks = 0
    people = {"1"}
    sleep = asyncio.sleep

    async def waited(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    async def look() -> None:
        nonlocal looks
        looks += 1
        come()

    def come() -> None:
        people.add(str(len(people) + 1))
        lookup.see(frozenset(people))
        lookup.see(frozenset(people))

    monkeypatch.setattr(asyncio, "sleep", waited)
    lookup = HostLookup()
    lookup.see(frozenset(people))
    keeping = asyncio.create_task(lookup.keep(look, passed=lambda: looks == 8))
    await sleep(0)
    assert looks == 0, "who was there when the bot came has been looked at"
    come()
    async with asyncio.timeout(10):
        await keeping
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]


async def test_where_nobody_comes_the_list_is_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_lookup, "SELDOM_SECONDS", 0.01)
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1

    async with asyncio.timeout(10):
        await HostLookup().keep(look, passed=lambda: looks == 3)
    assert looks == 3
