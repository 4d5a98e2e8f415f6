"""`rollcall webhooks`: where events are sent, and how that goes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rollcall.cli.bots import DEFAULT_ADDRESS, Address, Key, connect, secure, show
from rollcall.cli.terminal import say

app = typer.Typer(help="Webhooks: where what happens is sent; docs/webhooks.md says how to check it.", no_args_is_help=True)
app.callback()(secure)

WebhookId = Annotated[str, typer.Argument(help="The webhook's id, as wh_…")]
Triggers = Annotated[
    list[str] | None,
    typer.Option("--trigger", metavar="TRIGGER", help="As bot.state_change or transcript.update; may be given again"),
]
Overlap = Annotated[int | None, typer.Option(help="For how many seconds the secret before stays good; a day where not given")]


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="Where to: https://…")],
    trigger: Triggers = None,
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Make a webhook of the project; its secret is shown once. Without --trigger: of all that happens to bots."""
    with connect(address, key) as client:
        show(client.webhooks.create(url, trigger or _ALL))


_ALL = [
    "bot.state_change",
    "transcript.update",
    "chat_messages.update",
    "participant_events.join_leave",
    "participant_events.speech_start_stop",
    "bot_logs.update",
]


@app.command("list")
def list_(
    bot: Annotated[str | None, typer.Option(help="A bot's id: its own webhooks instead of the project's")] = None,
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """List webhooks, oldest first."""
    with connect(address, key) as client:
        for one in client.webhooks.list(bot):
            failing = f"failing since {one.failing_since.ToDatetime():%Y-%m-%d %H:%M}" if one.HasField("failing_since") else ""
            state = "enabled" if one.enabled else f"disabled ({_word(one, 'disabled_reason')})"
            say(f"{one.id}  {state:20}  {one.url}  {' '.join(one.triggers)}  {failing}".rstrip())


@app.command()
def get(webhook_id: WebhookId, address: Address = DEFAULT_ADDRESS, key: Key = "") -> None:
    """Show one webhook."""
    with connect(address, key) as client:
        show(client.webhooks.get(webhook_id))


@app.command()
def update(
    webhook_id: WebhookId,
    url: Annotated[str | None, typer.Option(help="Where to instead")] = None,
    trigger: Triggers = None,
    *,
    enable: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether anything is sent")] = None,
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Change what is given."""
    with connect(address, key) as client:
        show(client.webhooks.update(webhook_id, url=url, triggers=trigger or (), enabled=enable))


@app.command()
def delete(webhook_id: WebhookId, address: Address = DEFAULT_ADDRESS, key: Key = "") -> None:
    """Delete a webhook, with its deliveries."""
    with connect(address, key) as client:
        client.webhooks.delete(webhook_id)
    say(f"{webhook_id} is gone.")


@app.command("rotate-secret")
def rotate_secret(
    webhook_id: WebhookId, overlap_seconds: Overlap = None, address: Address = DEFAULT_ADDRESS, key: Key = ""
) -> None:
    """Make a new secret of a webhook; it is shown once."""
    with connect(address, key) as client:
        say(client.webhooks.rotate_secret(webhook_id, overlap_seconds=overlap_seconds))


@app.command("project-secret")
def project_secret(overlap_seconds: Overlap = None, address: Address = DEFAULT_ADDRESS, key: Key = "") -> None:
    """Make a new secret of the project, which signs for the webhooks that bots are made with; it is shown once."""
    with connect(address, key) as client:
        say(client.webhooks.rotate_secret(None, overlap_seconds=overlap_seconds))


@app.command()
def deliveries(
    webhook_id: WebhookId,
    state: Annotated[list[str] | None, typer.Option(help="pending, delivered, failed or canceled; may be given again")] = None,
    bot: Annotated[str | None, typer.Option(help="Only those of this bot")] = None,
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """List what was, is and will be sent, oldest first."""
    filters: dict[str, Any] = {**({"states": state} if state else {}), **({"bot_id": bot} if bot else {})}
    with connect(address, key) as client:
        for one in client.webhooks.deliveries(webhook_id, **filters):
            status = str(one.response_status) if one.HasField("response_status") else "-"
            tried = f"{one.attempts} tried"
            say(f"{one.id}  {one.bot_id}  {one.trigger:36}  {_word(one, 'state'):9}  {tried:8}  {status:3}  {one.error}".rstrip())


@app.command()
def redeliver(
    webhook_id: WebhookId,
    delivery_id: Annotated[str, typer.Argument(help="The delivery's id, as whd_…")],
    address: Address = DEFAULT_ADDRESS,
    key: Key = "",
) -> None:
    """Send a delivery again, with the same key."""
    with connect(address, key) as client:
        show(client.webhooks.redeliver(webhook_id, delivery_id))


def _word(message: Any, field: str) -> str:
    enum = message.DESCRIPTOR.fields_by_name[field].enum_type
    name: str = enum.values_by_number[getattr(message, field)].name
    return name.removeprefix(enum.values_by_number[0].name.removesuffix("UNSPECIFIED")).lower()
