"""What `rollcall run` makes and says when it starts: a project, a key, a line to paste."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.settings import GatewaySettings
    from server.settings import ServerSettings

KEY_FILE = "api_key"


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a person needs to use the service."""

    key: str
    key_is_new: bool
    key_path: Path
    http_url: str
    grpc_address: str
    data_dir: Path

    def text(self) -> str:
        """The words shown at start."""
        room = f"{self.http_url}/rehearsal/hello"
        body = json.dumps({"meeting_url": room, "bot_name": "Rollcall"})
        return "\n".join(
            (
                "",
                f"Rollcall is running: HTTP {self.http_url}  gRPC {self.grpc_address}  data {self.data_dir}",
                "",
                f"Your key{' (made just now)' if self.key_is_new else ''}: {self.key}",
                f"  Kept in {self.key_path}, readable by you alone; the database holds only its hash.",
                "",
                "1. Open the bundled meeting in a browser, and talk:",
                f"     {room}",
                "2. Send a bot to it:",
                f"     curl -s {self.http_url}/api/v1/bots -H 'Authorization: Token {self.key}' \\",
                f"       -H 'Content-Type: application/json' -d '{body}'",
                "3. Watch what happens to it:",
                "     .venv/bin/rollcall bots watch",
                "",
                f"Reference: {self.http_url}/docs",
                "Nobody to talk to: .venv/bin/rollcall rehearse   Something is wrong: .venv/bin/rollcall doctor",
                "Stop with Ctrl-C.",
                "",
            )
        )


def read_key(data_dir: Path) -> str | None:
    """The key that `rollcall run` keeps for the person at this machine, if there is one."""
    path = data_dir / KEY_FILE
    return path.read_text().strip() or None if path.exists() else None


def _keep(path: Path, key: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")


async def welcome(settings: ServerSettings, gateway: GatewaySettings) -> Welcome:
    """Makes the first key where the kept one is missing or was revoked."""
    from server.admin import FIRST_START, Admin

    path = settings.data_dir / KEY_FILE
    key = read_key(settings.data_dir)
    async with Admin.open(settings, actor=FIRST_START) as admin:
        is_new = key is None or not await admin.knows_key(key)
        if key is None or is_new:
            key = (await admin.create_key(name="first start")).secret
            _keep(path, key)
    return Welcome(
        key=key,
        key_is_new=is_new,
        key_path=path,
        http_url=gateway.public_url,
        grpc_address=settings.grpc_address,
        data_dir=settings.data_dir,
    )
