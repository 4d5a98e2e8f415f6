"""`rollcall bots`: what a bot is asked for once it is there: changed, canceled, paused, made to speak, read, emptied."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from rollcall.cli.bots import DEFAULT_ADDRESS, Address, BotId, Key, connect, read_request, show
from rollcall.cli.terminal import UserError, say
from rollcall.v1 import bot_update_pb2
from rollcall.v1.bot_transcript_pb2 import TranscriptUtterance

_ON_ITS_WAY = "It is on its way; `rollcall bots watch` shows when it is done."


def update(
    bot_id: BotId,
    settings: Annotated[str, typer.Argument(help='What is to be changed, as JSON as REST takes it: \'{"bot_name": "Scribe"}\'')],
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Change a scheduled bot, or the metadata of any."""
    given = read_request(bot_update_pb2.UpdateBotRequest, settings, "SETTINGS")
    with connect(address, key) as client:
        show(client.update_bot(bot_id, **{field.name: value for field, value in given.ListFields()}))


def cancel(bot_id: BotId, address: Address = DEFAULT_ADDRESS, key: Key = "") -> None:
    """Cancel a scheduled bot."""
    with connect(address, key) as client:
        client.delete_bot(bot_id)
    say(f"{bot_id} is gone.")


def pause(bot_id: BotId, address: Address = DEFAULT_ADDRESS, key: Key = "") -> None:
    """Pause the recording."""
    with connect(address, key) as client:
        client.pause_recording(bot_id)
    say(_ON_ITS_WAY)


def resume(bot_id: BotId, address: Address = DEFAULT_ADDRESS, key: Key = "") -> None:
    """Go on recording."""
    with connect(address, key) as client:
        client.resume_recording(bot_id)
    say(_ON_ITS_WAY)


def say_(
    bot_id: BotId,
    message: Annotated[str, typer.Argument(help="What to write in the meeting's chat")],
    to: Annotated[str, typer.Option(help="The user_uuid of the one person it is for; everyone where not given")] = "",
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Write something in the meeting's chat."""
    with connect(address, key) as client:
        client.send_chat(bot_id, message, to_user_uuid=to or None)
    say(_ON_ITS_WAY)


def play(
    bot_id: BotId,
    file: Annotated[Path, typer.Argument(help="An MP3, at most 10 MiB")],
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Play a sound into the meeting."""
    data = _read(file)
    with connect(address, key) as client:
        client.output_audio(bot_id, data)
    say(_ON_ITS_WAY)


def show_(
    bot_id: BotId,
    file: Annotated[Path, typer.Argument(help="A PNG or JPEG, at most 10 MiB")],
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Show a picture as the bot's camera."""
    data = _read(file)
    with connect(address, key) as client:
        client.output_image(bot_id, data)
    say(_ON_ITS_WAY)


def transcript(
    bot_id: BotId,
    *,
    turns: Annotated[bool, typer.Option("--turns", help="Divide what was said where another began to speak")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As REST shows it")] = False,
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Show what was said."""
    from gateway.dialect.encode import compile_encode

    with connect(address, key) as client:
        said = client.transcript(bot_id, split_on_turns=turns)
    if as_json:
        encode = compile_encode(TranscriptUtterance.DESCRIPTOR)
        say(json.dumps([encode(one) for one in said], indent=2, ensure_ascii=False))
        return
    for one in said:
        say(_line(one))


def delete_data(
    bot_id: BotId,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Delete what a bot that has ended knows of its meeting, for good: recording, words, people, chat."""
    if not yes and not typer.confirm(f"Delete the recording, words, people and chat of {bot_id} for good?"):
        raise UserError("nothing was deleted.")
    with connect(address, key) as client:
        show(client.delete_data(bot_id))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}", code=2) from None


def _line(one: TranscriptUtterance) -> str:
    when = datetime.fromtimestamp(one.timestamp_ms / 1000, tz=UTC).strftime("%H:%M:%S")
    return f"{when}  {_printable(one.speaker_name)}: {_printable(one.transcription.transcript)}"


def _printable(text: str) -> str:
    """What a page said may try to steer a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def register(app: typer.Typer) -> None:
    """Adds the commands to `rollcall bots`."""
    for name, command in (
        ("update", update),
        ("cancel", cancel),
        ("pause", pause),
        ("resume", resume),
        ("say", say_),
        ("play", play),
        ("show", show_),
        ("transcript", transcript),
        ("delete-data", delete_data),
    ):
        app.command(name)(command)
