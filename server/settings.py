"""What the operator may set: one frozen object, read once from the environment (`ROLLCALL_…`).

The environment is read here and nowhere else in the server. `rollcall settings` prints it, secrets masked.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from server.domain import defaults, limits
from server.domain.limits import LIMIT_NAMES, ProjectLimits

Words = Annotated[frozenset[str], NoDecode]
"""Several words in one variable, separated by commas."""

_DOMAIN_PATTERN = re.compile(r"\*\.[^*.]+(\.[^*.]+)+")


class ServerSettings(BaseSettings):
    """Settings of a server process."""

    model_config = SettingsConfigDict(env_prefix="ROLLCALL_", frozen=True, extra="ignore", populate_by_name=True)

    data_dir: Path = Field(
        default=Path("data"), description="Folder of the database, the secrets and the media, where not set apart."
    )
    database_url: str = Field(
        default_factory=lambda data: f"sqlite:///{data['data_dir'] / 'rollcall.db'}",
        description="postgresql://… or sqlite:///…; rollcall.db in the data folder where not set. May hold a password.",
        repr=False,
    )
    broker_url: str = Field(
        default="embedded://",
        description="embedded://, redis://… or amqp://…: where hints to workers go. May hold a password.",
        repr=False,
    )
    media_dir: Path = Field(
        default_factory=lambda data: data["data_dir"] / "media", description="Folder of recordings, shared with workers."
    )
    platforms_dir: Path = Field(
        default_factory=lambda data: data["data_dir"] / "platforms", description="Folder of platform files."
    )

    grpc_address: str = Field(default="127.0.0.1:50051", description="host:port to serve gRPC at; port 0 takes a free one.")
    grpc_tls_cert: Path | None = Field(default=None, description="PEM file of the certificate chain; plain text where not set.")
    grpc_tls_key: Path | None = Field(default=None, description="PEM file of the certificate's key.")
    grpc_tls_client_ca: Path | None = Field(
        default=None, description="PEM file of the authority whose client certificates are demanded."
    )
    http_address: str = Field(default="127.0.0.1:8080", description="host:port to serve HTTP at; port 0 takes a free one.")
    http_tls_cert: Path | None = Field(
        default=None, description="PEM file of HTTP's certificate chain; plain HTTP where not set. Read again when it changes."
    )
    public_url: str = Field(
        default_factory=lambda data: f"http{'s' * (data['http_tls_cert'] is not None)}://{data['http_address']}",
        description="Where users reach the gateway.",
    )

    worker_token: SecretStr | None = Field(
        default=None, description="What workers show; made into <data dir>/worker_token where not set."
    )
    admin_token: SecretStr | None = Field(
        default=None, description="Opens ProjectService; made into <data dir>/admin_token where not set."
    )
    media_url_secret: SecretStr | None = Field(
        default=None, description="Signs recording URLs; made into <data dir>/media_url_secret where not set."
    )
    sealing_keys: SecretStr | None = Field(
        default=None,
        description="Seal secrets in the database: URL-safe base64 of 32 bytes each, comma separated; the first seals, all open. "
        "Made into <data dir>/sealing_keys where not set.",
    )
    media_url_seconds: int = Field(default=3600, ge=10, description="Seconds for which a recording's URL works.")

    lease_seconds: float = Field(default=10.0, ge=0.5, le=600, description="Seconds after which a silent worker loses its bot.")
    finish_again_seconds: float = Field(
        default=60.0,
        ge=0.1,
        le=86_400,
        description="Seconds after which a recording that could not be finished is tried again; then ten times that.",
    )
    stage_seconds: float = Field(
        default=60.0,
        ge=0,
        le=3600,
        description="Seconds before its join_at at which a bot is staged: a worker takes it, starts the browser, and waits.",
    )
    drain_seconds: float = Field(default=10.0, ge=0, description="Seconds that calls get to finish when the server stops.")
    key_cache_seconds: float = Field(default=1.0, ge=0, le=1, description="Seconds for which a checked API key is believed.")
    bookmark_seconds: float = Field(default=15.0, gt=0, description="Seconds of silence in a stream before a bookmark is sent.")
    reuse_port: bool = Field(
        default=False, description="Whether several server processes share the gRPC port (SO_REUSEPORT); PostgreSQL only."
    )
    max_message_bytes: int = Field(default=16 * 1024 * 1024, ge=1024 * 1024, description="Most bytes of one gRPC message.")

    limit_active_bots: int | None = Field(
        default=None, ge=0, description="Bots that have not ended, scheduled ones included, a project; no limit where not set."
    )
    limit_posts_per_minute: int = Field(
        default=limits.POSTS_PER_MINUTE, ge=1, description="POST calls a minute, a project and server process; as many at once."
    )
    limit_request_bytes: int | None = Field(
        default=None,
        ge=1024,
        description="Bytes of a project's largest request, in protobuf's format; no limit where not set.",
    )
    limit_metadata_characters: int = Field(
        default=defaults.METADATA_MOST_CHARACTERS,
        ge=0,
        le=limits.MOST_METADATA_CHARACTERS,
        description="Characters of a bot's metadata as JSON.",
    )
    limit_image_bytes: int = Field(
        default=defaults.IMAGE_MOST_BYTES, ge=0, le=defaults.IMAGE_MOST_BYTES, description="Bytes of a bot's image."
    )
    limit_webhooks: int = Field(default=limits.WEBHOOKS, ge=0, le=1000, description="Webhooks of a project itself.")
    limit_event_days: int | None = Field(
        default=None, ge=1, le=36_500, description="Days for which a project's events are kept; for ever where not set."
    )
    limit_evidence_days: int = Field(
        default=limits.EVIDENCE_DAYS,
        ge=1,
        le=36_500,
        description="Days for which pictures and texts of pages are kept on which a bot failed.",
    )
    webhook_timeout_seconds: float = Field(
        default=10.0,
        gt=0,
        le=60,
        description="Seconds that a webhook's receiver has, from the name's look-up to its whole answer.",
    )
    webhook_disable_days: float = Field(
        default=5.0, gt=0, description="Days without any success after which a webhook is disabled at its next failure."
    )
    webhook_keep_days: float = Field(default=30.0, gt=0, description="Days for which deliveries that have ended are listed.")
    webhook_concurrency: int = Field(default=32, ge=1, le=1000, description="Webhook requests at a time, a server process.")
    webhook_private_addresses: bool = Field(
        default=False,
        description="Whether webhooks and callbacks may go to private addresses, and webhooks by plain http; for development.",
    )
    webhook_ca_file: Path | None = Field(
        default=None,
        description="PEM file of authorities that webhooks' and callbacks' receivers may have besides the public ones.",
    )

    jitsi_hosts: Words = Field(
        default=frozenset(), description="Jitsi hosts besides meet.jit.si, as host, host:port or *.example.org, comma separated."
    )
    rehearsal_origins: Words = Field(
        default=frozenset(), description="Origins besides the public URL whose /rehearsal/<room> bots may join, comma separated."
    )

    @field_validator("jitsi_hosts", "rehearsal_origins", mode="before")
    @classmethod
    def _split_words(cls, value: object) -> object:
        return (
            frozenset(word.strip().lower().rstrip("/") for word in value.split(",") if word.strip())
            if isinstance(value, str)
            else value
        )

    @property
    def limits(self) -> ProjectLimits:
        """The limits of a project that has none of its own."""
        return ProjectLimits(**{name: getattr(self, f"limit_{name}") for name in LIMIT_NAMES})

    @field_validator("jitsi_hosts")
    @classmethod
    def _only_domains_below_a_name(cls, value: frozenset[str]) -> frozenset[str]:
        for word in value:
            if "*" in word and not _DOMAIN_PATTERN.fullmatch(word):
                raise ValueError(f"{word!r} is no pattern of hosts: write *.example.org, with a * in front and nowhere else")
        return value

    @property
    def public(self) -> str:
        """The gateway's URL as users see it, without a slash at its end."""
        return self.public_url.rstrip("/")

    @property
    def all_rehearsal_origins(self) -> frozenset[str]:
        """Origins whose rehearsal a bot may join: the public URL's, the gateway's on this machine, and the listed ones."""
        scheme = "http" if self.http_tls_cert is None else "https"
        own = {origin_of(self.public), origin_of(f"{scheme}://{self.http_address}")}
        port = urlsplit(f"//{self.http_address}").port or 80
        return frozenset(own | {f"{scheme}://127.0.0.1:{port}", f"{scheme}://localhost:{port}"} | self.rehearsal_origins)

    @property
    def is_everywhere(self) -> bool:
        """Whether HTTP listens at every address of the machine, which is none that users could be told."""
        try:
            return ip_address(self.http_address.rpartition(":")[0].strip("[]")).is_unspecified
        except ValueError:
            return False


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, in small letters."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def without_password(url: str) -> str:
    """A URL with its password masked; any other text as it is."""
    scheme, separator, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    if not (separator and at and ":" in user):
        return url
    return f"{scheme}://{user.partition(':')[0]}:********@{host}"
