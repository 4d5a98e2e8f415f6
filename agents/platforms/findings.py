"""What a platform file looks for, piece by piece, so that one can say of a page which pieces it has and which it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agents.platforms.platform_file import Condition, PlatformFile, Step, Target


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that a file looks for: `evidence`, `step`, `dialog`, `people`, `chat`, `captions` or a device, and what."""

    kind: str
    name: str
    condition: Condition
    where: str


def pieces(file: PlatformFile) -> Iterator[Piece]:
    """All that a file looks for, each alternative apart, in the order in which a guest would meet it."""
    for state, alternatives in file.evidence:
        for number, condition in enumerate(alternatives, 1):
            yield Piece("evidence", f"{state.value}, alternative {number}", condition, condition.where)
    for steps in (file.join, file.after_join, file.leave):
        yield from _of_steps("step", steps)
    for dialog in file.dialogs:
        yield from _of_targets("dialog", dialog.name, dialog.targets, dialog.where)
    if file.people and file.people.item:
        yield _of_css("people", "item", file.people.item)
    if file.people:
        yield from _of_steps("people", file.people.look)
    for number, condition in enumerate(file.doubt.when, 1):
        yield Piece("people", f"doubt, alternative {number}", condition, condition.where)
    yield from _of_steps("people", file.doubt.look)
    yield from _of_chat(file)
    yield from _of_captions(file)
    yield from _of_devices(file)
    for _, steps in file.views:
        yield from _of_steps("step", steps)


def _of_chat(file: PlatformFile) -> Iterator[Piece]:
    if file.chat:
        yield from _of_targets("chat", "input", file.chat.input, "")
        yield from _of_targets("chat", "send", file.chat.send, "")
        if file.chat.message:
            yield _of_css("chat", "message", file.chat.message)
        yield from _of_steps("chat", (*file.chat.open, *file.chat.person))


def _of_captions(file: PlatformFile) -> Iterator[Piece]:
    if file.captions:
        if file.captions.region:
            yield _of_css("captions", "region", file.captions.region)
        yield from _of_steps("captions", (*file.captions.on, *file.captions.language))


def _of_devices(file: PlatformFile) -> Iterator[Piece]:
    for kind, control in (("microphone", file.microphone), ("camera", file.camera)):
        if control is None:
            continue
        for name, alternatives in (("is on", control.is_on), ("is off", control.is_off), ("refused", control.refused)):
            for number, condition in enumerate(alternatives, 1):
                yield Piece(kind, f"{name}, alternative {number}", condition, condition.where)
        yield from _of_steps(kind, control.turn_on)


def _of_steps(kind: str, steps: tuple[Step, ...]) -> Iterator[Piece]:
    for step in steps:
        yield from _of_targets(kind, step.name, step.targets, step.where)


def _of_targets(kind: str, name: str, targets: tuple[Target, ...], where: str) -> Iterator[Piece]:
    for number, target in enumerate(targets, 1):
        which = f", alternative {number}" if len(targets) > 1 else ""
        yield Piece(kind, name + which, Condition(element=target, where=where), where)


def _of_css(kind: str, name: str, css: str) -> Piece:
    return Piece(kind, name, Condition(element=Target(css=css)), "")
