"""A certificate authority made for one run. What it signs is believed by a Chromium that was told so, and by nobody else."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.services import missing

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a TLS server needs, and what its visitors must be told."""

    chain: Path
    """PEM: the server's certificate, then the authority's: the fingerprint is looked for in what the server sends."""
    key: Path
    fingerprint: str
    """Base64 of the SHA-256 of the authority's public key, as `--ignore-certificate-errors-spki-list` wants it."""


def make_certificate(folder: Path, names: Sequence[str]) -> Certificate:
    """An authority, and a certificate of it for these host names, in `folder`."""
    openssl = shutil.which("openssl") or missing("openssl")

    def run(*arguments: str | Path) -> bytes:
        return subprocess.run([openssl, *arguments], check=True, capture_output=True).stdout

    authority, authority_key = folder / "authority.pem", folder / "authority.key"
    request, leaf, key, chain = (folder / name for name in ("request.pem", "leaf.pem", "leaf.key", "chain.pem"))
    extensions = folder / "extensions"
    extensions.write_text(f"subjectAltName={','.join(f'DNS:{name}' for name in names)}\nextendedKeyUsage=serverAuth\n")
    run("req", "-x509", *KEY, "-days", "2", "-subj", "/CN=Twins", "-keyout", authority_key, "-out", authority)
    run("req", "-new", *KEY, "-subj", "/CN=Twin", "-keyout", key, "-out", request)
    signing = ("-CA", authority, "-CAkey", authority_key, "-CAcreateserial", "-days", "2", "-extfile", extensions)
    run("x509", "-req", "-in", request, *signing, "-out", leaf)
    chain.write_bytes(leaf.read_bytes() + authority.read_bytes())
    public = folder / "authority.pub"
    public.write_bytes(run("x509", "-in", authority, "-pubkey", "-noout"))
    der = run("pkey", "-pubin", "-in", public, "-outform", "DER")
    return Certificate(chain, key, base64.b64encode(hashlib.sha256(der).digest()).decode())
