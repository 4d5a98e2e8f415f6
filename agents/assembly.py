"""Puts the real parts of a worker together: browser, platforms, capture, link."""

from __future__ import annotations

import os
import secrets
import socket
from functools import partial

import grpc
import structlog

from agents.attendance.ports import LinkPort, Tools
from agents.browser.api import Page
from agents.browser.session import ChromiumLauncher
from agents.capture.finish import finish
from agents.capture.methods import make_capture
from agents.link import Link, LinkListeners, LinkOptions
from agents.link_channel import open_channel
from agents.media_devices.fetch import fetch
from agents.media_devices.virtual_devices import Picture, VirtualDevices
from agents.platforms.base import Adapter, NotSupportedError
from agents.platforms.file_reader import PlatformFileError
from agents.platforms.registry import PlatformUnknownError, Registry
from agents.settings import SettingError, WorkerSettings
from rollcall.outward import Policy
from rollcall.v1 import agent_service_pb2 as agent
from rollcall.v1 import agent_service_pb2_grpc as agent_grpc
from rollcall.v1 import bot_pb2 as bot


def worker_id() -> str:
    """Unique to this process, and to be recognised by people."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


class Connection:
    """The worker's connection to the server, opened on the loop that first uses it."""

    def __init__(self, settings: WorkerSettings) -> None:
        """Raises SettingError where there is no worker token or a TLS file cannot be read."""
        self._settings = settings
        self._options = LinkOptions(worker_id=worker_id(), token=settings.read_token())
        self._channel: grpc.aio.Channel | None = None
        for path in (settings.server_tls_ca, settings.server_tls_cert, settings.server_tls_key):
            if path is not None and not path.is_file():
                raise SettingError(f"{path} is no file: check ROLLCALL_SERVER_TLS_CA, …_CERT and …_KEY.")

    def link(self, bot_id: str, listeners: LinkListeners) -> LinkPort:
        """A link for a bot."""
        if self._channel is None:
            self._channel = open_channel(
                self._settings.server,
                tls=self._settings.server_tls,
                ca_file=self._settings.server_tls_ca,
                certificate_file=self._settings.server_tls_cert,
                key_file=self._settings.server_tls_key,
            )
        return Link(agent_grpc.AgentServiceStub(self._channel), bot_id, self._options, listeners)

    async def close(self) -> None:
        """Ends the connection."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()


class Adapters:
    """Finds the adapter of a bot's platform."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def of(self, spec: agent.BotSpec) -> Adapter:
        """The adapter. Raises NotSupportedError that says what is missing."""
        name = platform_name(spec)
        try:
            return self._registry.find(name)
        except PlatformUnknownError:
            raise NotSupportedError(f"This worker has no adapter for the platform “{name}”.") from None
        except PlatformFileError as error:
            structlog.get_logger().warning("platform_file_unusable", platform=name, error=str(error))
            raise NotSupportedError(
                f"The file of the platform “{name}” cannot be used; `rollcall platforms check`, or the worker's log, says why."
            ) from None


def platform_name(spec: agent.BotSpec) -> str:
    """The name of the platform's adapter, as `google_meet`; a declarative platform has the name in its file."""
    if spec.platform == bot.PLATFORM_DECLARATIVE:
        return spec.platform_name
    return bot.Platform.Name(spec.platform).removeprefix("PLATFORM_").lower()


class OwnDevices:
    """The bot's camera and microphone, with its picture where it has one."""

    async def install(self, page: Page, picture: Picture | None) -> VirtualDevices:
        """As ports.Devices. Raises the browser's errors."""
        devices = VirtualDevices(page, picture)
        await devices.prepare()
        return devices


def make_tools(settings: WorkerSettings, connection: Connection) -> Tools:
    """The tools of all runners of a worker. Raises SettingError."""
    try:
        settings.media.mkdir(parents=True, exist_ok=True)
        settings.profiles.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"{error.filename} cannot be made ({error.strerror}): check ROLLCALL_DATA_DIR.") from None
    return Tools(
        launcher=ChromiumLauncher(settings.chromium, switches=settings.chromium_switches),
        adapter_for=Adapters(Registry(settings.platforms)).of,
        make_capture=make_capture,
        finish=finish,
        devices=OwnDevices(),
        fetch=partial(fetch, policy=Policy(private=settings.film_private_addresses)),
        connect=connection.link,
        media_dir=settings.media,
        join_evidence=settings.join_evidence,
        profile_parent=settings.profiles,
    )
