"""Settings of the gateway: read from the environment once."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """Each field is read from `ROLLCALL_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="ROLLCALL_", frozen=True, extra="ignore")

    http_address: str = Field(default="127.0.0.1:8080", description="Where HTTP is served, host:port; port 0 takes any free one.")
    public_url: str = Field(
        default_factory=lambda data: f"http://{data['http_address']}",
        description="How users reach the gateway, as https://rollcall.example; http:// and the address where not given.",
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
