"""TLS for HTTP, with certificates that are read again when their files change."""

from __future__ import annotations

import ssl
from typing import Any

from rollcall.tls_files import Reloaded, TlsFiles, TlsFilesError, TlsMaterial


class ReloadingContext(ssl.SSLContext):
    """An SSLContext that starts each connection under the newest good certificate; those that are open go on under their own.

    A fresh context for each change, for one in use would keep trusting an authority that was taken out of the file, and would be
    left with half a pair where loading the second half fails.
    """

    _contexts: Reloaded[ssl.SSLContext]

    @classmethod
    def of(cls, files: TlsFiles) -> ReloadingContext:
        """Raises TlsFilesError."""
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        made._contexts = Reloaded(files, lambda material: _context(files, material))
        return made

    def wrap_bio(self, *arguments: Any, **more: Any) -> ssl.SSLObject:
        """What event loops call for a new connection."""
        return self._contexts.get().wrap_bio(*arguments, **more)


def _context(files: TlsFiles, material: TlsMaterial) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(files.certificate, files.key)
        if material.client_authority is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=material.client_authority.decode("ascii"))
    except (OSError, ValueError):  # ssl.SSLError is an OSError; its text speaks of OpenSSL's insides
        raise TlsFilesError(f"{files.settings}_CERT", f"{files.certificate} cannot be used by OpenSSL.") from None
    return context
