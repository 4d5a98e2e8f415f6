"""`rollcall logins`: accounts with which bots sign in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from rollcall.cli.bots import DEFAULT_ADDRESS, Address, Key, connect, secure
from rollcall.cli.terminal import UserError, say
from rollcall.v1 import bot_pb2
from rollcall.v1.login_service_pb2 import Login

app = typer.Typer(help="Accounts with which bots sign in; docs/logins.md says how a session is exported.", no_args_is_help=True)
app.callback()(secure)

LoginId = Annotated[str, typer.Argument(help="The account's id, as login_…")]
State = Annotated[Path, typer.Option("--state", metavar="FILE", help="The exported session; - for standard input")]
MOST_BYTES = 1024 * 1024


@app.command()
def add(
    platform: Annotated[str, typer.Argument(help="google_meet or teams")],
    name: Annotated[str, typer.Argument(help="Which account it is, as its address; unique in its group")],
    *,
    state: State,
    group: Annotated[str, typer.Option(help="The group that bots ask for by login_group_name")] = "",
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Add an account. Its session is kept encrypted, and is never shown again."""
    if platform not in {"google_meet", "teams"}:
        raise UserError(f"bots sign in at google_meet and teams, not at {platform}", code=2)
    with connect(address, key) as client:
        _show(client.logins.add(platform, name, _read(state), group_name=group))


@app.command("list")
def list_(
    group: Annotated[str | None, typer.Option(help="Only those of this group")] = None,
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """List accounts, oldest first."""
    filters: dict[str, Any] = {} if group is None else {"group_name": group}
    with connect(address, key) as client:
        for login in client.logins.list(**filters):
            _show(login)


@app.command()
def renew(login_id: LoginId, state: State, address: Address = DEFAULT_ADDRESS, key: Key = "") -> None:
    """Give an account a newly exported session; one that was refused is used again."""
    with connect(address, key) as client:
        _show(client.logins.renew(login_id, _read(state)))


@app.command()
def remove(login_id: LoginId, address: Address = DEFAULT_ADDRESS, key: Key = "") -> None:
    """Forget an account and its session."""
    with connect(address, key) as client:
        client.logins.delete(login_id)
    say(f"{login_id} is gone.")


def _read(path: Path) -> str:
    """The text of an exported session. Raises UserError."""
    try:
        data = sys.stdin.buffer.read(MOST_BYTES + 1) if str(path) == "-" else path.read_bytes()
        text = data.decode()
    except OSError as error:
        raise UserError(f"--state: {path} cannot be read: {error.strerror}", code=2) from None
    except UnicodeDecodeError:
        raise UserError(f"--state: {path} is no text in UTF-8", code=2) from None
    if len(data) > MOST_BYTES:
        raise UserError(f"--state: a session has at most {MOST_BYTES:,} bytes", code=2)
    return text


def _show(login: Login) -> None:
    platform = bot_pb2.Platform.Name(login.platform).removeprefix("PLATFORM_").lower()
    if login.problem:
        state = f"refused: {login.problem} Renew it."
    elif login.bot_id:
        state = f"with {login.bot_id}"
    else:
        state = "free"
    say(f"{login.id}  {platform:11}  {login.group_name or '(no group)':16}  {login.name:32}  {state}")
