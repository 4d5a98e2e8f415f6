"""What the operator may set for a worker: one frozen object, read once from the environment (`ROLLCALL_…`)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

TOKEN_FILE = "worker_token"  # noqa: S105 - a file's name


DEBUGGING_SWITCHES = frozenset(
    {
        "--enable-logging",
        "--host-resolver-rules",
        "--ignore-certificate-errors-spki-list",
        "--js-flags",
        "--log-level",
        "--log-net-log",
        "--v",
        "--vmodule",
    }
)
"""What `ROLLCALL_CHROMIUM_SWITCHES` may hold. None of them hides what the bot is: a bot calls itself what it is."""


class SettingError(Exception):
    """A setting is missing or cannot be used; the text names it and says what to do. Raised when a worker starts."""


class WorkerSettings(BaseSettings):
    """Settings of a worker process."""

    model_config = SettingsConfigDict(env_prefix="ROLLCALL_", frozen=True, extra="ignore", populate_by_name=True)

    data_dir: Path = Field(default=Path("data"), description="Folder of the worker token, the browsers' profiles and the media.")
    media_dir: Path | None = Field(
        default=None, description="Folder of recordings, shared with the server; <data dir>/media where not set."
    )
    platforms_dir: Path | None = Field(default=None, description="Folder of platform files; <data dir>/platforms where not set.")
    profiles_dir: Path | None = Field(
        default=None, description="Folder of the browsers' profiles, on this machine; <data dir>/profiles where not set."
    )
    chromium: Path | None = Field(default=None, description="The Chromium to start; the system's where not set.")

    chromium_switches: tuple[str, ...] = Field(
        default=(),
        description='More switches of Chromium, as JSON: ["--enable-logging", "--v=1"]. For tests and debugging; only those that '
        "change neither what a page is told of the browser nor what it may do are taken.",
    )

    broker_url: SecretStr = Field(
        default=SecretStr("embedded://"),
        description="embedded://, redis://… or amqp://…: where hints come from. Holds a password.",
    )
    grpc_address: str = Field(default="127.0.0.1:50051", description="host:port at which a server on this machine serves gRPC.")
    server_address: str | None = Field(default=None, description="host:port of the server; the gRPC address where not set.")
    server_tls: bool = Field(
        default=False, description="Whether to speak TLS with the server, trusting the system's authorities."
    )
    server_tls_ca: Path | None = Field(
        default=None, description="PEM file of the authority of the server's certificate; means TLS."
    )
    server_tls_cert: Path | None = Field(default=None, description="PEM file of the worker's own certificate, for mutual TLS.")
    server_tls_key: Path | None = Field(default=None, description="PEM file of that certificate's key.")
    worker_token: SecretStr | None = Field(
        default=None, description="The server's worker token; read from <data dir>/worker_token where not set."
    )

    film_private_addresses: bool = Field(
        default=False,
        description="Whether films of output_video may come from private addresses, and by plain http; for development.",
    )

    join_evidence: bool = Field(
        default=True,
        description="Whether it is kept (in the media folder) what the page showed to a bot that did not get in; false: only for "
        "bots with debug_settings.",
    )

    worker_bots: int | None = Field(
        default=None, ge=1, le=500, description="Most bots this worker runs at a time; by measured CPU and memory where not set."
    )
    worker_bot_cores: float = Field(
        default=0.5, gt=0, description="Cores that one more bot is thought to need, where room is measured."
    )
    worker_bot_mb: int = Field(
        default=400, gt=0, description="Megabytes that one more bot is thought to need, where room is measured."
    )

    @field_validator("chromium_switches")
    @classmethod
    def _known_switches(cls, switches: tuple[str, ...]) -> tuple[str, ...]:
        for switch in switches:
            name = switch.partition("=")[0]
            if name not in DEBUGGING_SWITCHES:
                raise ValueError(f"{name!r} is not one of: {', '.join(sorted(DEBUGGING_SWITCHES))}")
        return switches

    @property
    def media(self) -> Path:
        """The media folder."""
        return self.media_dir or self.data_dir / "media"

    @property
    def platforms(self) -> Path:
        """The folder of platform files."""
        return self.platforms_dir or self.data_dir / "platforms"

    @property
    def profiles(self) -> Path:
        """The folder of browser profiles."""
        return self.profiles_dir or self.data_dir / "profiles"

    @property
    def server(self) -> str:
        """Where the server is."""
        return self.server_address or self.grpc_address

    def read_token(self) -> str:
        """The worker token. Raises SettingError where there is none."""
        if self.worker_token is not None and self.worker_token.get_secret_value():
            return self.worker_token.get_secret_value()
        path = self.data_dir / TOKEN_FILE
        try:
            token = path.read_text().strip()
        except OSError as error:
            raise SettingError(
                f"No worker token: set ROLLCALL_WORKER_TOKEN to the one of the server, or let the worker read {path} "
                f"({error.strerror}), which the server makes at its first start."
            ) from None
        if not token:
            raise SettingError(f"{path} is empty: remove it and start the server, which makes a new one.")
        return token
