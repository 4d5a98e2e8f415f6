"""What scripted people do and when: read from TOML or YAML, with errors that name the line and the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.people.script_source import ScriptError, Source, read_source
from agents.people.synthetic_media import Camera

__all__ = ["Beeps", "Chat", "ControlCall", "PersonScript", "Say", "Script", "ScriptError", "load", "parse", "standard"]

MOST_PEOPLE = 64


@dataclass(frozen=True, slots=True)
class Say:
    """Words at a time: `text` by the speech synthesiser in `voice`, or a recording from the file `audio`."""

    at: float
    text: str = ""
    voice: str = "en-us"
    audio: Path | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat message at a time, to everyone or to the person with that name."""

    at: float
    text: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Beeps:
    """A beep with a white flash at the same instant, every so many seconds from `start` on."""

    every: float
    start: float = 1.0
    hertz: float = 1000.0


@dataclass(frozen=True, slots=True)
class ControlCall:
    """A call to the rehearsal's control API at a time."""

    at: float
    call: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PersonScript:
    """One person. All times are seconds after the script's start."""

    name: str
    joins: float = 0.0
    leaves: float | None = None
    """None: stays until the script's end."""
    camera: Camera | None = field(default_factory=Camera)
    microphone: bool = True
    sees: bool = False
    """Whether this person's page receives the others' pictures. Most people only need to be seen and heard: half the work."""
    hears: bool = False
    """Likewise for the others' sound."""
    host: bool = False
    says: tuple[Say, ...] = ()
    chats: tuple[Chat, ...] = ()
    beeps: Beeps | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A whole meeting. `seconds` None: until everybody has left, or for ever if somebody never does."""

    people: tuple[PersonScript, ...]
    seconds: float | None = None
    control: tuple[ControlCall, ...] = ()


def load(path: Path) -> Script:
    """Reads a script file (`.toml`, `.yaml`, `.yml`). Raises ScriptError; files it names are found beside it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(str(path), 0, "", f"cannot be read: {type(error).__name__}") from error
    return parse(text, name=path.name, yaml=path.suffix in {".yaml", ".yml"}, folder=path.parent)


def parse(text: str, *, name: str = "script", yaml: bool = False, folder: Path = Path()) -> Script:
    """Reads a script's text. Raises ScriptError."""
    root = read_source(text, name=name, yaml=yaml)
    root.only("people", "seconds", "control")
    people = tuple(_person(entry, folder) for entry in root.tables("people"))
    if not 0 < len(people) <= MOST_PEOPLE:
        raise root.error("people", f"must be 1 to {MOST_PEOPLE} people")
    names = [person.name for person in people]
    for index, entry in enumerate(root.tables("people")):
        if names[index] in names[:index]:
            raise entry.error("name", "is the name of two people; names tell people apart")
    return Script(people=people, seconds=root.seconds("seconds"), control=tuple(_control(c) for c in root.tables("control")))


def standard(people: int) -> Script:
    """What `rehearse` plays without a script: people who talk by turns, chat once, and beep, for ever."""
    names = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald")
    lines = (
        "Good morning everybody. Shall we begin with the plan for this week?",
        "Yes. The first part is done, and the second part is being tested now.",
        "Then we can show it to the others on Friday afternoon.",
        "I will write down what we have decided and send it around.",
    )
    turn, rounds = 6.0, 100
    made = []
    for number in range(people):
        says = [Say(at=2 + turn * (r * people + number), text=lines[(r * people + number) % len(lines)]) for r in range(rounds)]
        name = names[number] if number < len(names) else f"Person {number + 1}"
        made.append(
            PersonScript(
                name=name, joins=0.2 * number, says=tuple(says), chats=(Chat(at=4.0 + number, text=f"Hello from {name}."),)
            )
        )
    return Script(people=tuple(made))


def _person(entry: Source, folder: Path) -> PersonScript:
    entry.only("name", "joins", "leaves", "camera", "microphone", "sees", "hears", "host", "says", "chats", "beeps")
    joins, leaves = entry.seconds("joins") or 0.0, entry.seconds("leaves")
    if leaves is not None and leaves <= joins:
        raise entry.error("leaves", "must be after `joins`")
    return PersonScript(
        name=entry.text("name", most=255),
        joins=joins,
        leaves=leaves,
        camera=_camera(entry),
        microphone=entry.flag("microphone", default=True),
        sees=entry.flag("sees", default=False),
        hears=entry.flag("hears", default=False),
        host=entry.flag("host", default=False),
        says=tuple(_say(say, folder) for say in entry.tables("says")),
        chats=tuple(_chat(chat) for chat in entry.tables("chats")),
        beeps=_beeps(entry),
    )


def _camera(entry: Source) -> Camera | None:
    value = entry.get("camera")
    if value is None or isinstance(value, bool):
        return Camera() if entry.flag("camera", default=True) else None
    table = entry.table("camera")
    table.only("width", "height", "fps")
    standard_camera = Camera()
    return Camera(
        width=table.whole("width", 64, 1920, standard_camera.width),
        height=table.whole("height", 36, 1080, standard_camera.height),
        fps=table.whole("fps", 1, 60, standard_camera.fps),
    )


def _say(entry: Source, folder: Path) -> Say:
    entry.only("at", "text", "voice", "audio")
    audio = entry.text("audio", most=1000, default="")
    text = entry.text("text", most=5000, default="")
    if bool(audio) == bool(text):
        raise entry.error("text", "needs either `text` or `audio`, and not both")
    path = (folder / audio) if audio else None
    if path is not None and not path.is_file():
        raise entry.error("audio", "is not a file")
    return Say(at=entry.needed_seconds("at"), text=text, voice=entry.text("voice", most=50, default="en-us"), audio=path)


def _chat(entry: Source) -> Chat:
    entry.only("at", "text", "to")
    return Chat(
        at=entry.needed_seconds("at"), text=entry.text("text", most=2000), to=entry.text("to", most=255, default="") or None
    )


def _beeps(entry: Source) -> Beeps | None:
    if entry.get("beeps") is None:
        return None
    table = entry.table("beeps")
    table.only("every", "start", "hertz")
    every = table.needed_seconds("every")
    if every < 0.3:
        raise table.error("every", "must be at least 0.3 seconds")
    start = table.seconds("start")
    return Beeps(every=every, start=1.0 if start is None else start, hertz=table.whole("hertz", 100, 8000, 1000))


def _control(entry: Source) -> ControlCall:
    entry.text("action", most=50)
    call = {key: value for key, value in entry.values.items() if key != "at"}
    return ControlCall(at=entry.needed_seconds("at"), call=call)
