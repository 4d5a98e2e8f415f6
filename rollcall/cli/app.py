"""`rollcall`: the commands, and how their errors reach a person."""

from __future__ import annotations

import sys

import typer

from rollcall.cli import bots, demo, doctor, keys, logins, platforms, processes, projects, rehearse, settings, steer, webhooks
from rollcall.cli.terminal import UserError, explain

app = typer.Typer(
    name="rollcall",
    help="Sends a bot to an online meeting, and tells you everything that happens to it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(processes.run)
app.command("server")(processes.server)
app.command("gateway")(processes.gateway)
app.command("worker")(processes.worker)
app.command("demo")(demo.demo)
app.command("rehearse")(rehearse.rehearse)
app.command("settings")(settings.settings)
app.command("doctor")(doctor.doctor)
steer.register(bots.app)
app.add_typer(bots.app, name="bots")
app.add_typer(keys.app, name="keys")
app.add_typer(platforms.app, name="platforms")
app.add_typer(projects.app, name="projects")
app.add_typer(logins.app, name="logins")
app.add_typer(webhooks.app, name="webhooks")
app.command("audit")(projects.audit)


def main() -> None:
    """Runs the command line; what goes wrong is said in a sentence, never as a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        problem = error if isinstance(error, UserError) else explain(error)
        if problem is None:
            raise
        sys.stderr.write(f"rollcall: {problem}\n")
        sys.exit(problem.code)
