"""`rollcall bots`: create, get, list, leave, watch. What else a bot can be asked for is in steer.py."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from google.protobuf.message import Message

from rollcall.cli.first_start import read_key
from rollcall.cli.terminal import UserError, say
from rollcall.v1 import bot_service_pb2 as bots_pb
from rollcall.v1 import event_pb2

if TYPE_CHECKING:
    from rollcall.client import Client, Tls

app = typer.Typer(help="Send bots, look at them, follow what happens to them.", no_args_is_help=True)

Address = Annotated[
    str,
    typer.Option(
        "--address",
        envvar=["ROLLCALL_URL", "ROLLCALL_SERVER_ADDRESS", "ROLLCALL_GRPC_ADDRESS"],
        help="The gRPC service, as host:port, or https://host:port for TLS",
    ),
]
Key = Annotated[
    str, typer.Option("--key", envvar="ROLLCALL_API_KEY", help="An API key; the one of `rollcall run` where not given")
]
BotId = Annotated[str, typer.Argument(help="The bot's id, as bot_…")]
R = TypeVar("R", bound=Message)
DEFAULT_ADDRESS = "127.0.0.1:50051"
_TLS: ContextVar[Tls | None] = ContextVar("tls", default=None)
"""What the options before the command said."""


def _option(name: str, text: str) -> Any:
    """An option that workers and gateways have as a setting of the same name."""
    return typer.Option(f"--{name}", envvar=f"ROLLCALL_SERVER_{name.upper().replace('-', '_')}", help=text)


@app.callback()
def secure(
    *,
    tls: Annotated[bool, _option("tls", "Speak TLS, trusting the system's authorities")] = False,
    tls_ca: Annotated[Path | None, _option("tls-ca", "PEM file of the authority to trust; means TLS")] = None,
    tls_cert: Annotated[Path | None, _option("tls-cert", "PEM file of your own certificate")] = None,
    tls_key: Annotated[Path | None, _option("tls-key", "PEM file of its key")] = None,
) -> None:
    """Options that hold for all of these commands, and go before them: `rollcall bots --tls-ca ca.pem list`."""
    from rollcall.client import Tls

    if (tls_cert is None) != (tls_key is None):
        raise UserError("--tls-cert and --tls-key go together: a certificate and its key", code=2)
    for option, path in (("--tls-ca", tls_ca), ("--tls-cert", tls_cert), ("--tls-key", tls_key)):
        if path is not None and not path.is_file():
            raise UserError(f"{option}: there is no file {path}", code=2)
    _TLS.set(Tls(tls_ca, tls_cert, tls_key) if tls or tls_ca or tls_cert else None)


@contextmanager
def connect(address: str, key: str) -> Iterator[Client]:
    """A client with the key given, or the one that `rollcall run` keeps in the data folder."""
    from rollcall.client import Client
    from rollcall.errors import UnavailableError

    found = key or read_key(Path(os.environ.get("ROLLCALL_DATA_DIR", "data")))
    if not found:
        raise UserError(
            "no API key: give --key or set ROLLCALL_API_KEY. `rollcall run` makes one on its first start, kept in the data "
            "folder (ROLLCALL_DATA_DIR); `rollcall keys create` makes more.",
            code=2,
        )
    try:
        connected = Client(address, found, tls=_TLS.get())
    except ValueError as error:
        raise UserError(f"--address: {error}", code=2) from None
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}", code=2) from None
    with connected as client:
        try:
            yield client
        except UnavailableError as error:
            raise UserError(f"{error} ({address}; --address or ROLLCALL_SERVER_ADDRESS names another)") from None


def _plain(message: Any) -> dict[str, Any]:
    """As REST shows it, so that what is read here can be sent there."""
    from gateway.dialect.encode import compile_encode

    return compile_encode(message.DESCRIPTOR)(message)


def show(message: Any) -> None:
    """A message for a person, as REST shows it."""
    say(json.dumps(_plain(message), indent=2, ensure_ascii=False))


def read_request(kind: type[R], settings: str, called: str = "--settings") -> R:
    """A request from the body that REST would take; `called` is what people know it by. Raises UserError."""
    from gateway.dialect.decode import compile_fill
    from gateway.dialect.parse import NotJsonError, parse_object
    from gateway.dialect.problems import Problem, dotted

    request = kind()
    problems: list[Problem] = []
    try:
        fill = compile_fill(kind.DESCRIPTOR)  # type: ignore[arg-type]  # the stubs name the C class too
        fill(parse_object(settings.encode()), request, (), problems)
    except NotJsonError as error:
        raise UserError(f"{called} is not right: {error}", code=2) from None
    if problems:
        wrong = "; ".join(f"{dotted(problem.path)}: {problem.message}".lstrip(": ") for problem in problems)
        raise UserError(f"{called} is not right: {wrong}", code=2)
    return request


@app.command()
def create(
    meeting_url: Annotated[str, typer.Argument(help="The meeting")],
    name: Annotated[str, typer.Option(help="The name the bot shows")] = "Rollcall",
    settings: Annotated[str, typer.Option(help="More fields of CreateBot, as JSON as REST takes it")] = "{}",
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the bot until it has ended")] = False,
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Send a bot to a meeting."""
    request = read_request(bots_pb.CreateBotRequest, settings)
    request.meeting_url, request.bot_name = meeting_url, name
    with connect(address, key) as client:
        bot = client.create_bot_from(request)
        show(bot)
        if watch:
            _follow(client, bot.id, 0)


@app.command()
def get(bot_id: BotId, address: Address = DEFAULT_ADDRESS, key: Key = "") -> None:
    """Show one bot."""
    with connect(address, key) as client:
        show(client.get_bot(bot_id))


@app.command("list")
def list_(address: Address = DEFAULT_ADDRESS, key: Key = "") -> None:
    """List the project's bots, oldest first."""
    with connect(address, key) as client:
        for bot in client.list_bots():
            say(f"{bot.id}  {_word(bot, 'state'):34}  {bot.meeting_url}")


@app.command()
def leave(bot_id: BotId, address: Address = DEFAULT_ADDRESS, key: Key = "") -> None:
    """Tell a bot to leave its meeting."""
    with connect(address, key) as client:
        show(client.leave(bot_id))


@app.command()
def watch(
    bot_id: Annotated[str, typer.Argument(help="The bot's id; the newest bot where not given")] = "",
    after: Annotated[int, typer.Option(help="Only events after this sequence; 0 for all")] = 0,
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Follow a bot until it has ended; resumes by itself when the connection breaks."""
    with connect(address, key) as client:
        if not bot_id:
            every = [bot.id for bot in client.list_bots()]
            if not every:
                raise UserError("there is no bot yet: send one with `rollcall bots create MEETING_URL`")
            bot_id = every[-1]
        _follow(client, bot_id, after)


def _follow(client: Client, bot_id: str, after: int) -> None:
    for event in client.watch_bot(bot_id, after_sequence=after):
        say(line(event))


def _word(message: Any, field: str) -> str:
    """An enum value as JSON spells it."""
    descriptor = message.DESCRIPTOR.fields_by_name[field].enum_type
    prefix = descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")
    value = descriptor.values_by_number.get(getattr(message, field))
    return value.name.removeprefix(prefix).lower() if value else "?"


def line(event: event_pb2.Event) -> str:
    """One event in one line."""
    kind = event.WhichOneof("payload") or "?"
    when = event.created_time.ToDatetime().strftime("%H:%M:%S.%f")[:-3]
    return f"{event.sequence:5}  {when}  {kind:14} {_summary(event, kind)}"


def _state(event: event_pb2.Event) -> str:
    change = event.state
    sub_type = f" ({_word(change, 'sub_type')})" if change.sub_type else ""
    detail = f": {change.detail}" if change.detail else ""
    return f"{_word(change, 'type')}{sub_type} -> {_word(change, 'new_state')}{detail}"


def _health(event: event_pb2.Event) -> str:
    health = event.capture_health
    return (
        f"{_word(health, 'condition')}  sound {health.audio_level_dbfs:.0f} dBFS  "
        f"frames {health.video_frames}/{health.video_frames_expected}  {health.bytes_written} bytes {health.detail}"
    )


def _recording(event: event_pb2.Event) -> str:
    change = event.recording
    return f"{_word(change, 'state')}  {change.duration_ms / 1000:.1f} s  {change.size_bytes} bytes  {change.detail}".rstrip()


_SUMMARIES: dict[str, Callable[[event_pb2.Event], str]] = {
    "state": _state,
    "participant": lambda e: f"{_word(e.participant, 'event_type')} {e.participant.participant_name!r}",
    "speech": lambda e: f"{_word(e.speech, 'event_type')} {e.speech.participant_name!r}",
    "chat": lambda e: f"{e.chat.sender_name!r}: {e.chat.text!r}",
    "capture_health": _health,
    "recording": _recording,
    "log": lambda e: f"{_word(e.log, 'level')} {e.log.code}: {e.log.message}",
}


def _summary(event: event_pb2.Event, kind: str) -> str:
    if kind in _SUMMARIES:
        return _SUMMARIES[kind](event)
    payload = getattr(event, kind, None)
    return json.dumps(_plain(payload), ensure_ascii=False) if payload is not None else ""
