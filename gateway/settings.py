"""Settings of the gateway: read from the environment once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from rollcall.tls_files import TlsFiles, TlsFilesError

_HOST = re.compile(r"[a-z0-9.-]+(:\d{1,5})?|\[[0-9a-f:.]+\](:\d{1,5})?", re.ASCII)
Words = Annotated[frozenset[str], NoDecode]
"""Several words in one variable, separated by commas."""


class GatewaySettings(BaseSettings):
    """Each field is read from `ROLLCALL_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="ROLLCALL_", frozen=True, extra="ignore")

    http_address: str = Field(default="127.0.0.1:8080", description="Where HTTP is served, host:port; port 0 takes any free one.")
    http_tls_cert: Path | None = Field(
        default=None, description="PEM file of HTTP's certificate chain; plain HTTP where not set. Read again when it changes."
    )
    http_tls_key: Path | None = Field(default=None, description="PEM file of that certificate's key.")
    http_tls_client_ca: Path | None = Field(
        default=None, description="PEM file of the authority whose client certificates HTTP demands."
    )
    hsts_seconds: int = Field(
        default=30 * 86_400, ge=0, description="Seconds for which browsers are told to come by TLS alone; 0: not. Only with TLS."
    )
    cors_origins: Words = Field(
        default=frozenset(),
        description="Origins whose pages may call the API from a browser, as https://app.example, comma separated; * for all.",
    )
    public_url: str = Field(
        default_factory=lambda data: f"http{'s' * (data['http_tls_cert'] is not None)}://{data['http_address']}",
        description="How users reach the gateway, as https://rollcall.example; the address above where not given.",
    )
    server_address: str = Field(
        default="127.0.0.1:50051", description="Where the gRPC server is when the gateway is a process of its own."
    )
    server_tls: bool = Field(
        default=False, description="Whether to speak TLS with the server, trusting the system's authorities."
    )
    server_tls_ca: Path | None = Field(
        default=None, description="PEM file of the authority of the server's certificate; means TLS."
    )
    server_tls_cert: Path | None = Field(default=None, description="PEM file of the gateway's own certificate, for mutual TLS.")
    server_tls_key: Path | None = Field(default=None, description="PEM file of that certificate's key.")
    max_body_bytes: int = Field(default=15 * 1024 * 1024, gt=0, description="Bytes of the largest body that is read.")
    max_body_depth: int = Field(default=32, gt=0, description="Levels of the deepest nesting in a body.")
    call_timeout_seconds: float = Field(default=30.0, gt=0, description="Seconds that a call to the service may take.")
    keepalive_seconds: float = Field(default=15.0, gt=0, description="Seconds of silence until an event stream sends a comment.")
    drain_seconds: float = Field(default=10.0, ge=0, description="Seconds that requests get to finish when the gateway stops.")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        origins = frozenset(word.strip().lower().rstrip("/") for word in value.split(",") if word.strip())
        for origin in origins - {"*"}:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.netloc) or parts.path or parts.query:
                raise ValueError(f"{origin} is no origin; give scheme, host and port, as https://app.example:8443")
        return origins

    @property
    def tls(self) -> TlsFiles | None:
        """The files for TLS, or None for plain HTTP. Raises TlsFilesError where one of the two is missing."""
        if self.http_tls_cert is None and self.http_tls_key is None and self.http_tls_client_ca is None:
            return None
        if self.http_tls_cert is None or self.http_tls_key is None:
            raise TlsFilesError("ROLLCALL_HTTP_TLS_CERT", "set it and ROLLCALL_HTTP_TLS_KEY, both or neither.")
        return TlsFiles("ROLLCALL_HTTP_TLS", self.http_tls_cert, self.http_tls_key, self.http_tls_client_ca)

    @property
    def link_base(self) -> str | None:
        """What links in answers start with; None if that was not said: then with the host that the request was sent to."""
        return self.public_url if "public_url" in self.model_fields_set else None

    @property
    def host(self) -> str:
        """The host of `http_address`."""
        return self.http_address.rpartition(":")[0].strip("[]") or "127.0.0.1"

    @property
    def port(self) -> int:
        """The port of `http_address`."""
        return int(self.http_address.rpartition(":")[2])
