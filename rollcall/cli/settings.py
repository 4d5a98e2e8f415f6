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
            text = "********" if isinstance(value, SecretStr) and value.get_secret_value() else _without_password(str(value))
            variable = f"ROLLCALL_{name.upper()}"
            shown.setdefault(variable, (text, field.description or "", []))[2].append(process)
    for variable in sorted(shown):
        text, description, processes = shown[variable]
        say(f"{variable}={text}")
        say(f"    {description} [{', '.join(processes)}]")


def _without_password(text: str) -> str:
    """`scheme://user:password@host` without the password."""
    scheme, separator, rest = text.partition("://")
    user, at, host = rest.rpartition("@")
    if not (separator and at and ":" in user):
        return text
    return f"{scheme}://{user.split(':', 1)[0]}:********@{host}"
