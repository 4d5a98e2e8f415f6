"""Reads platform files. `load` gives the platform or raises with every problem; `check` gives the problems alone."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path as FilePath

from agents.platforms import file_sections as sections
from agents.platforms.base import Device
from agents.platforms.file_devices import device_control
from agents.platforms.file_steps import dialogs, steps
from agents.platforms.file_table import Problem, Source, Table, one_of
from agents.platforms.layers import Layer, laid_over, read_layer
from agents.platforms.platform_file import PlatformFile
from agents.platforms.toml_mistakes import explained

BUILT_IN = FilePath(__file__).parent
"""The folder of the platforms that come with the project, each as `<name>/platform.toml`."""
ALONE = "nothing"
"""What a file extends that shall stand alone though it has a built-in platform's name."""
MAX_FILE_BYTES = 1_000_000
ENDING = ".toml"
_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,39}$")
_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
_SYNTAX_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


class PlatformFileError(Exception):
    """A platform file that cannot be used; `problems` are all of them. Raised by `load`."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load(path: FilePath) -> PlatformFile:
    """The platform that a file describes. Raises PlatformFileError."""
    platform, problems = _read_file(path)
    if platform is None or problems:
        raise PlatformFileError(problems)
    return platform


def check(path: FilePath) -> list[Problem]:
    """What is wrong with a file; empty when nothing is."""
    return _read_file(path)[1]


def whole(path: FilePath) -> Layer:
    """What a file says together with what it extends, each value with its place. Raises PlatformFileError where it is no TOML."""
    try:
        layer, _ = _whole(read_layer(path.read_text(encoding="utf-8-sig").replace("\r\n", "\n"), str(path)))
    except (OSError, ValueError):
        raise PlatformFileError(check(path)) from None
    return layer


def _read_file(path: FilePath) -> tuple[PlatformFile | None, list[Problem]]:
    try:
        data = path.read_bytes()
        if len(data) > MAX_FILE_BYTES:
            return None, [Problem(str(path), 1, "", f"is larger than {MAX_FILE_BYTES} bytes: this is no platform file")]
        if path.suffix != ENDING:
            return None, [Problem(str(path), 1, "", f"is not read: a platform is one TOML file whose name ends in {ENDING}")]
        return parse(data.decode("utf-8-sig"), str(path))  # some editors begin a file with a mark
    except OSError as error:
        return None, [Problem(str(path), 1, "", f"cannot be read: {error.strerror}")]
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, [Problem(str(path), line, "", "is not UTF-8; save it as UTF-8")]


def parse(text: str, file: str) -> tuple[PlatformFile | None, list[Problem]]:
    """The platform and the problems of a file's text; the platform is None where the text is no TOML."""
    text = text.replace("\r\n", "\n")
    try:
        layer = read_layer(text, file)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        where = _SYNTAX_LINE.search(message)
        line = int(where[1]) if where else text.count("\n") + 1
        mistake = explained(text, line, _SYNTAX_LINE.sub("", message))
        return None, [Problem(file, mistake.line, mistake.key, mistake.message)]
    layer, problems = _whole(layer)
    source = Source(file, layer.places, problems)
    platform = _platform(Table(source, layer.value, ()))
    return platform, sorted(source.problems, key=lambda problem: (problem.file != file, problem.line))


def _whole(layer: Layer) -> tuple[Layer, list[Problem]]:
    """The file, laid over the built-in platform that it extends, if any."""
    said = layer.value.pop("extends", None)
    name = said if said is not None else _named_as_built_in(layer)
    if name in {None, ALONE}:
        return layer, []
    known = tuple(sorted(path.parent.name for path in BUILT_IN.glob("*/platform.toml")))
    if name not in known:
        place = layer.place(("extends",))
        return layer, [
            Problem(place.file, place.line, "extends", f"{name!r} is no built-in platform; {one_of(str(name), known)}")
        ]
    path = BUILT_IN / str(name) / "platform.toml"
    base = read_layer(path.read_text(encoding="utf-8"), str(path))
    if FilePath(layer.file).stem != name:
        base.value.pop("name", None)
    merged, faults = laid_over(base, layer)
    return merged, [Problem(fault.place.file, fault.place.line, fault.key, fault.message) for fault in faults]


def _named_as_built_in(layer: Layer) -> str | None:
    """A file that does not say whose meetings it is for, and has a built-in platform's name, is a few lines over that."""
    name = FilePath(layer.file).stem
    return name if "match" not in layer.value and (BUILT_IN / name / "platform.toml").is_file() else None


def _platform(top: Table) -> PlatformFile:
    _texts(top)
    version = top.raw("format")
    if version not in {None, 1}:
        top.problem("format", "this version reads format = 1")
    variables = sections.variables(top)
    names = top.source.variables = tuple(name for name, _ in variables)
    timeouts = top.table("timeouts") or Table(top.source, {}, ("timeouts",))
    people = sections.people(top, names)
    found = PlatformFile(
        name=_name(top),
        title=top.text("title"),
        version=top.text("version", hint="2026-11"),
        urls=sections.urls(top),
        variables=variables,
        browser=sections.browser(top),
        url=sections.url(top, names),
        join=steps(top, "join", names),
        after_join=steps(top, "after_join", names),
        leave=steps(top, "leave", names),
        dialogs=dialogs(top, "dialog", names),
        evidence=sections.evidence(top),
        people=people,
        chat=sections.chat(top, names),
        captions=sections.captions(top, names),
        microphone=device_control(top, Device.MICROPHONE, names),
        camera=device_control(top, Device.CAMERA, names),
        views=sections.views(top, names),
        reload=sections.reload(top),
        doubt=sections.doubt(top, names, people),
        step_seconds=timeouts.number("step_seconds", 15, low=0.5, high=600),
        ignore_text_in=sections.selectors(top, "ignore_text_in"),
        path=top.source.file,
    )
    timeouts.done()
    top.done()
    for name in sorted(top.source.texts.keys() - top.source.texts_used):
        if not _own_text(top.source, name):
            continue  # a built-in platform's, which the file has made needless
        top.source.problem(("texts",), f"the texts named {name!r} are used nowhere; refer to them as @{name}, or delete them")
    return found


def _own_text(source: Source, name: str) -> bool:
    return any(
        place.file == source.file for path, place in source.places.items() if path[:1] == ("texts",) and path[2:3] == (name,)
    )


def _name(top: Table) -> str:
    """The file's own name counts where the file says none; the server knows platforms by that name."""
    path = FilePath(top.source.file)
    name = top.text("name", path.parent.name if path.stem == "platform" else path.stem)
    if name and not _NAME.match(name):
        top.problem("name", f"{name!r} must be 1 to 40 of a-z, 0-9, - and _, and begin with a letter")
    return name


def _texts(top: Table) -> None:
    table = top.table("texts")
    if table is None:
        return
    languages = sorted(table.value, key=lambda language: (language != "en", list(table.value).index(language)))
    merged: dict[str, tuple[str, ...]] = {}
    for language in languages:
        if not _LANGUAGE.match(language):
            table.problem(language, f"{language!r} is no language code; write the texts as [texts.en], [texts.de]")
        named = table.table(language)
        for name in named.value if named else ():
            merged[name] = tuple(dict.fromkeys((*merged.get(name, ()), *named.texts(name)))) if named else ()
    top.source.texts.update(merged)


def read_text(text: str, file: str = "platform.toml") -> PlatformFile:
    """As `load`, from a text. Raises PlatformFileError."""
    platform, problems = parse(text, file)
    if platform is None or problems:
        raise PlatformFileError(problems)
    return platform
