"""`rollcall settings`: every setting, its value, what it means; secrets masked."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from rollcall.cli.terminal import say


def settings() -> None:
    """List every setting with its value and where it counts; secrets are masked."""
    from agents.settings import WorkerSettings
    from gateway.settings import GatewaySettings
    from server.settings import ServerSettings

    shown: dict[str, tuple[str, str, list[str]]] = {}
    for process, kind in (("server", ServerSettings), ("gateway", GatewaySettings), ("worker", WorkerSettings)):
        values: BaseSettings = kind()
        for name, field in kind.model_fields.items():
            value = getattr(values, name)
            variable = f"ROLLCALL_{name.upper()}"
            shown.setdefault(variable, (_text(value), field.description or "", []))[2].append(process)
    for variable in sorted(shown):
        text, description, processes = shown[variable]
        say(f"{variable}={text}")
        say(f"    {description} [{', '.join(processes)}]")


def _text(value: object) -> str:
    """A value as one would write it into the environment."""
    from server.settings import without_password

    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if isinstance(value, frozenset):
        return ",".join(sorted(value))
    return without_password(str(value))
