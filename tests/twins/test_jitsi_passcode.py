"""A Jitsi passcode on its way, right and wrong: what the platform file reads from the client after each event, in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from agents.platforms.base import UiState
from agents.platforms.file_reader import BUILT_IN, load
from tests.services import missing

CONFERENCE = Path(__file__).parent / "jitsi" / "conference.js"
FILE = load(BUILT_IN / "jitsi" / "platform.toml")
STORE = """
import { Conference, MEMBERS_ONLY, PASSWORD_REQUIRED } from %(module)s;
let given = 0;
const conference = new Conference({ autoKnock: %(knocks)s, unlock: () => { given += 1; } });
const state = () => ({ "features/base/conference": conference.base, "features/lobby": conference.lobby });
globalThis.APP = { store: { getState: state } };
const holds = (check) => { try { return Boolean(check()); } catch { return false; } };
const wrong = [%(wrong)s];
const dialogs = [%(dialogs)s];
const give = () => {
  const before = given;
  for (const one of dialogs) if (!one.done && holds(one.when)) one.done = one.give({ passcode: "s3cret" });
  return new Promise((done) => setTimeout(() => done(given > before), 5));
};
const acts = [%(acts)s];
const told = [];
for (const act of acts) {
  const result = await act();
  if (result === false) throw new Error(`nobody gave a passcode: ${act}`);
  told.push(wrong.some(holds));
}
console.log(JSON.stringify(told));
"""


def told_wrong(*acts: str, knocks: bool = False) -> list[bool]:
    """Whether the file says, after each of these, that the passcode was wrong."""
    node = shutil.which("node") or missing("node")
    evidence = dict(FILE.evidence)[UiState.WRONG_PASSCODE]
    with_one = [one for one in evidence if one.js and not any(part.variable for part in one.none)]
    dialogs = [(one.when[0].js, one.js) for one in FILE.dialogs if one.if_variable == "passcode"]
    assert with_one
    assert len(dialogs) == 2
    program = STORE % {
        "module": json.dumps(str(CONFERENCE)),
        "knocks": json.dumps(knocks),
        "wrong": ", ".join(f"() => ({one.js})" for one in with_one),
        "dialogs": ", ".join(f"{{ when: () => ({when}), give: (vars) => ({give}) }}" for when, give in dialogs),
        "acts": ", ".join(f"() => {act}" for act in acts),
    }
    printed = subprocess.run([node, "--input-type=module", "-e", program], check=True, capture_output=True, text=True).stdout
    return list(json.loads(printed))


JOIN, GIVE, WRONG, IN, KNOCK = (
    "conference.willJoin()",
    "give()",
    "conference.refuse()",
    "conference.joined()",
    "conference.knock()",
)
LOCKED, LOBBY = "conference.failed(PASSWORD_REQUIRED)", "conference.failed(MEMBERS_ONLY)"


def test_a_passcode_is_wrong_when_the_door_asks_again_and_not_before() -> None:
    assert told_wrong(JOIN, LOCKED, GIVE, WRONG) == [False, False, False, True]
    assert told_wrong(JOIN, LOCKED, GIVE, IN) == [False] * 4


@pytest.mark.parametrize("knocks", [False, True])
def test_in_a_lobby_it_is_wrong_when_the_lobby_says_so_again(knocks: bool) -> None:
    assert told_wrong(JOIN, LOBBY, GIVE, WRONG, knocks=knocks) == [False, False, False, True]
    assert told_wrong(JOIN, LOBBY, GIVE, IN, knocks=knocks) == [False] * 4


def test_whoever_knocks_meanwhile_takes_nothing_of_it_back() -> None:
    assert told_wrong(JOIN, LOBBY, GIVE, KNOCK, WRONG) == [False, False, False, False, True]
    assert told_wrong(JOIN, LOBBY, GIVE, WRONG, KNOCK) == [False, False, False, True, True]
    assert told_wrong(JOIN, LOBBY, KNOCK, GIVE, IN) == [False] * 5


def test_a_door_behind_the_lobby_asks_for_the_first_time() -> None:
    assert told_wrong(JOIN, LOBBY, GIVE, KNOCK, LOCKED, GIVE, IN) == [False] * 7
    assert told_wrong(JOIN, LOBBY, GIVE, KNOCK, LOCKED, GIVE, WRONG) == [False] * 6 + [True]


def test_one_who_is_let_in_after_all_is_in() -> None:
    assert told_wrong(JOIN, LOBBY, GIVE, WRONG, IN) == [False, False, False, True, False]
