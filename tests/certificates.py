"""Authorities and certificates for tests, as files in PEM."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, in memory and as files."""

    certificate: x509.Certificate
    private: ec.EllipticCurvePrivateKey
    cert: Path
    key: Path

    @property
    def serial(self) -> int:
        return self.certificate.serial_number


def authority(folder: Path, name: str) -> Pair:
    """One that vouches for itself."""
    return _make(folder, name, None)


def issued(folder: Path, name: str, by: Pair) -> Pair:
    """One for localhost and 127.0.0.1; files of the same name are replaced as a renewal does it."""
    return _make(folder, name, by)


def _make(folder: Path, name: str, by: Pair | None) -> Pair:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        # Python 3.13 and newer wants to be told whose key is whose, and what an authority's is for.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
    )
    if by is not None:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.private.public_key())
        builder = builder.add_extension(issuer, critical=False)
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    else:
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    certificate = builder.sign(by.private if by else private, hashes.SHA256())
    pair = Pair(certificate, private, folder / f"{name}.pem", folder / f"{name}.key")
    write(pair.cert, certificate.public_bytes(serialization.Encoding.PEM))
    write(pair.key, key_bytes(private))
    return pair


def key_bytes(private: ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    """A key in PEM."""
    secrecy = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secrecy)


def write(path: Path, data: bytes) -> None:
    """Puts a file in the place of another, whole."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(data)
    draft.replace(path)
