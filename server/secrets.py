"""Secrets that a server makes for itself on its first start: files in the data folder that only its user can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from server.domain.errors import BadSetting

_BYTES = 32


def read_or_make(path: Path) -> str:
    """The secret in a file, made there if there is none. Safe when several processes start at once. Raises BadSetting."""
    try:
        if not path.exists():
            _make(path)
        secret = path.read_text("utf-8").strip()
    except OSError as error:
        raise BadSetting("ROLLCALL_DATA_DIR", f"{path} cannot be read or made: {error.strerror}.") from None
    if not secret:
        raise BadSetting("ROLLCALL_DATA_DIR", f"{path} is empty; delete it to have a new one made.")
    return secret


def make_folder(path: Path, setting: str) -> None:
    """Makes a folder that only its user can enter. Raises BadSetting."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(setting, f"the folder {path} cannot be made: {error.strerror}.") from None


def _make(path: Path) -> None:
    """Written apart and linked into place: nobody ever reads half a secret, and the first of two processes wins."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
