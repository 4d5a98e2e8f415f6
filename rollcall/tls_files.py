"""Certificate, key and authorities of a server in files, read again when they change: a renewal needs no restart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization

T = TypeVar("T")
_log = structlog.get_logger(__name__)
_Stamp = tuple[tuple[int, int, int] | None, ...]


class TlsFilesError(Exception):
    """The files cannot be used; `setting` names which of them, the text says what is wrong and holds nothing of them."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(f"{setting}: {message}")
        self.setting = setting
        self.message = message


class TlsMaterial(NamedTuple):
    """What the files hold, in PEM."""

    certificate: bytes
    key: bytes
    client_authority: bytes | None


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. With `client_authority` clients have to show a certificate of that authority (mutual TLS).

    `settings` is how the settings that name the files begin, as `ROLLCALL_HTTP_TLS` for ROLLCALL_HTTP_TLS_CERT.
    """

    settings: str
    certificate: Path
    key: Path
    client_authority: Path | None = None

    def read(self) -> TlsMaterial:
        """What they hold, checked to belong together. Raises TlsFilesError."""
        certificate = self._read("CERT", self.certificate)
        key = self._read("KEY", self.key)
        authority = self._read("CLIENT_CA", self.client_authority) if self.client_authority else None
        self._check(certificate, key, authority)
        return TlsMaterial(certificate, key, authority)

    def stamp(self) -> _Stamp:
        """Changes when a file does."""
        return tuple(_stamp(path) for path in (self.certificate, self.key, self.client_authority) if path is not None)

    def _read(self, name: str, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise self._wrong(name, f"{path}: {error.strerror}.") from None

    def _check(self, certificate: bytes, key: bytes, authority: bytes | None) -> None:
        try:
            shown = x509.load_pem_x509_certificates(certificate)[0]
        except ValueError:
            raise self._wrong("CERT", f"{self.certificate} holds no certificate in PEM.") from None
        try:
            private = serialization.load_pem_private_key(key, None)
        except TypeError:
            raise self._wrong("KEY", f"{self.key} needs a password; give a key without one.") from None
        except ValueError:
            raise self._wrong("KEY", f"{self.key} holds no private key in PEM.") from None
        if private.public_key() != shown.public_key():
            raise self._wrong("KEY", f"{self.key} is not the key of the certificate in {self.certificate}.")
        if authority is not None:
            try:
                x509.load_pem_x509_certificates(authority)
            except ValueError:
                raise self._wrong("CLIENT_CA", f"{self.client_authority} holds no certificate in PEM.") from None

    def _wrong(self, name: str, message: str) -> TlsFilesError:
        return TlsFilesError(f"{self.settings}_{name}", message)


class Reloaded(Generic[T]):
    """Something made of the files, made anew when they have changed. Files that cannot be used leave the older in place: a
    renewal is two files that change one after the other. May be asked from any thread; asking costs a look at each file.
    """

    def __init__(self, files: TlsFiles, make: Callable[[TlsMaterial], T]) -> None:
        """`make` may raise TlsFilesError. Raises TlsFilesError where the files cannot be used now."""
        self._files = files
        self._make = make
        self._lock = threading.Lock()
        self._stamp = files.stamp()
        self._made = make(files.read())

    def get(self) -> T:
        """What the files hold now, or held when they could last be used."""
        with self._lock:
            stamp = self._files.stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._made = self._make(self._files.read())
                except TlsFilesError as error:
                    _log.error("tls_files_unusable", setting=error.setting, why=error.message, going_on_with="the older ones")
                else:
                    _log.info("tls_files_reloaded", certificate=str(self._files.certificate))
            return self._made


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
