from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agents.people import ScriptError, load, parse, standard
from agents.people.script import Beeps
from agents.people.synthetic_media import Camera, SyntheticMedia, synthetic_media_script

FULL = """
seconds = 60

[[people]]
name = "Ada"
host = true
leaves = 55
says = [
  {at = 3, text = "Good morning.", voice = "en-us"},
  {at = 9, text = "Goodbye."},
]
chats = [{at = 5, text = "Hello", to = "Grace"}]
beeps = {every = 2}

[[people]]
name = "Grace"
joins = 1.5
camera = {width = 1280, height = 720}
microphone = false
sees = true

[[people]]
name = "Alan"
camera = false

[[control]]
at = 50
action = "freeze"
person = "Ada"
"""


def test_a_script_says_what_everybody_does() -> None:
    script = parse(FULL)
    ada, grace, alan = script.people
    assert script.seconds == 60
    assert (ada.host, ada.joins, ada.leaves, [s.at for s in ada.says], ada.chats[0].to) == (True, 0, 55, [3, 9], "Grace")
    assert ada.beeps == Beeps(every=2, start=1, hertz=1000)
    assert (grace.camera, grace.microphone, grace.sees, grace.hears) == (Camera(1280, 720, 20), False, True, False)
    assert (alan.camera, ada.camera) == (None, Camera(640, 360, 20))
    assert dict(script.control[0].call) == {"action": "freeze", "person": "Ada"}


def test_yaml_says_the_same(tmp_path: Path) -> None:
    text = "people:\n- name: Ada\n  says:\n  - {at: 3, text: Hi}\n- {name: Grace, joins: 1.5}\n"
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert load(path) == parse('[[people]]\nname="Ada"\nsays=[{at=3,text="Hi"}]\n[[people]]\nname="Grace"\njoins=1.5\n')


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("seconds = 'x'\n[[people]]\nname='A'", 1, "seconds"),
        ("[[people]]\nname='A'\nage=3", 3, "people[0].age"),
        ("[[people]]\nname='A'\n[[people]]\njoins=1", 3, "people[1].name"),
        ("[[people]]\nname='A'\n[[people]]\nname='A'", 4, "people[1].name"),
        ("[[people]]\nname='A'\njoins=5\nleaves=5", 4, "people[0].leaves"),
        ("[[people]]\nname='A'\nsays=[\n{text='x'}]", 4, "people[0].says[0].at"),
        ("[[people]]\nname='A'\n[[people.says]]\nat=1\ntext='x'\n[[people.says]]\ntext='y'\nat=-1", 8, "people[0].says[1].at"),
        ("[[people]]\nname='A'\n[[people.says]]\nat=1", 3, "people[0].says[0].text"),
        ("[[people]]\nname='A'\n[[people.says]]\nat=1\naudio='missing.wav'", 5, "people[0].says[0].audio"),
        ("[[people]]\nname='A'\ncamera={fps=500}", 3, "people[0].camera.fps"),
        ("[[people]]\nname='A'\ncamera='on'", 3, "people[0].camera"),
        ("[[people]]\nname='A'\n[people.beeps]\nevery=0.1", 4, "people[0].beeps.every"),
        ("[[people]]\nname='A'\nmicrophone=1", 3, "people[0].microphone"),
        ("[[people]]\nname='A'\n[[control]]\nat=1", 3, "control[0].action"),
        ("people = 3", 1, "people"),
        ("", 1, "people"),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_key(text: str, line: int, key: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse(text, name="a.toml")
    assert (caught.value.line, caught.value.key) == (line, key)
    assert str(caught.value).startswith(f"a.toml:{line}: `{key}` ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("people:\n  - name: A\n    joins: soon", 3),
        ("people:\n  - name: A\n    says:\n      - at: 1\n        text: a\n      - at: 2", 6),
        ("people:\n  - name: A\n  - nme: B", 3),
        ("people: [\n", 2),
        ("- a", 1),
    ],
)
def test_a_mistake_in_yaml_too(text: str, line: int) -> None:
    with pytest.raises(ScriptError) as caught:
        parse(text, yaml=True)
    assert caught.value.line == line


@pytest.mark.parametrize(("text", "line"), [("a = = 1", 1), ("[[people]]\nname='A'\nx", 3)])
def test_what_is_not_toml_says_where(text: str, line: int) -> None:
    with pytest.raises(ScriptError, match="is not TOML") as caught:
        parse(text)
    assert caught.value.line == line


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot be read: FileNotFoundError"):
        load(tmp_path / "none.toml")


def test_recordings_are_found_beside_the_script(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    path = tmp_path / "a.toml"
    path.write_text("[[people]]\nname='A'\nsays=[{at=1,audio='a.wav'}]")
    assert load(path).people[0].says[0].audio == tmp_path / "a.wav"


def test_the_standard_script_has_people_who_take_turns() -> None:
    script = standard(3)
    assert [person.name for person in script.people] == ["Ada", "Grace", "Alan"]
    times = sorted(say.at for person in script.people for say in person.says)
    assert len(times) == len(set(times))
    assert {person.leaves for person in script.people} == {None}


def test_the_example_of_the_documentation_is_right(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    text = (request.config.rootpath / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    (tmp_path / "question.wav").touch()
    assert len(parse(example[1], folder=tmp_path).people) == 2


@pytest.mark.parametrize("name", ["Ada", '"; alert(1); "', "</script><script>", "\u2028__OPTIONS__"])
def test_a_name_stays_a_string_in_the_pages_script(name: str) -> None:
    source = synthetic_media_script(SyntheticMedia(name, 3, camera=None))
    line = next(line for line in source.splitlines() if "const options" in line)
    options = json.loads(line.strip().removeprefix("const options = ").removesuffix(";"))
    assert (options["name"], options["number"], options["camera"], options["microphone"]) == (name, 3, None, True)
    assert "</script" not in source
