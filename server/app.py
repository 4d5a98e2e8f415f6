"""A server process: store, feed, scheduler and service put together, started and stopped in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import structlog

from rollcall.tls_files import TlsFiles
from rollcall.transport import Transport
from rollcall.v1.bot_output_pb2 import OutputImageRequest, OutputVideoRequest
from rollcall.v1.bot_service_pb2 import CreateBotRequest, SendChatMessageRequest
from rollcall.v1.bot_update_pb2 import UpdateBotRequest
from server.admin import DEFAULT_PROJECT, FIRST_START, Admin
from server.clock import Clock, SystemClock
from server.dispatch import Dispatcher
from server.domain.errors import BadSetting, DomainError
from server.domain.meeting_url import MeetingPlaces
from server.evidence import EvidenceRetention
from server.feed import Feed, FeedConfig
from server.logins import LoginDesk
from server.platform_files import PlatformFiles
from server.purger import Purger
from server.retention import Retention
from server.rpc import checks
from server.rpc.attend import AgentService
from server.rpc.auth import Authenticator, Caller
from server.rpc.availability import check_availability
from server.rpc.bot_changes import BotChanges, UpdateChecks
from server.rpc.bot_service import BotService
from server.rpc.bot_wishes import BotWishes
from server.rpc.event_service import EventService
from server.rpc.first import TellFirst
from server.rpc.grpc_server import GrpcServer
from server.rpc.local import LocalTransport
from server.rpc.login_service import LoginService, login_checks
from server.rpc.media_service import MediaService
from server.rpc.media_token import MediaTokens
from server.rpc.pipeline import Pipeline, bind
from server.rpc.project_service import ProjectService, project_checks
from server.rpc.transcripts import Transcripts
from server.rpc.validation import Check, Validator
from server.rpc.webhook_service import BotsOwnWebhooks, BotsUrls, WebhookService, webhook_checks
from server.scheduler import Scheduler
from server.secrets import make_folder, read_or_make
from server.settings import ServerSettings
from server.store import Store, StoreConfig
from server.tasks import end_tasks
from server.webhooks.assembly import Webhooks, make_sealer, policy_of
from server.zoom_tokens import ZoomTokenDesk, make_asker

_log = structlog.get_logger(__name__)

_HEALTH_EVERY_S = 2.0
_LAST_GRACE_S = 0.5


class Server:
    """One server process. `start`, then `transport` and `grpc_port`; `drain`, then `stop`; `stop` alone does both."""

    def __init__(self, settings: ServerSettings, dispatcher: Dispatcher, clock: Clock | None = None) -> None:
        self._settings = settings
        self._dispatcher = dispatcher
        self._clock = clock or SystemClock()
        self._closing: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._drained = False

    async def start(self) -> None:
        """Opens everything, in order; closes what it opened if one part fails.

        Raises StartError (DataFolderInUse, SchemaMismatch, PortInUse, BadSetting) and DatabaseAway; each says what to do.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        settings = self._settings
        _check(settings)
        make_folder(settings.data_dir, "ROLLCALL_DATA_DIR")
        make_folder(settings.media_dir, "ROLLCALL_MEDIA_DIR")
        config = StoreConfig(
            database_url=settings.database_url,
            lease_seconds=settings.lease_seconds,
            stage_seconds=settings.stage_seconds,
            finish_again_seconds=settings.finish_again_seconds,
            clock=self._clock,
        )
        self._store = await Store.open(config)
        self._closing.append(("store", self._store.close))
        self._feed = Feed(self._store, FeedConfig(bookmark_seconds=settings.bookmark_seconds))
        await self._feed.start()
        self._closing.append(("feed", self._feed.stop))
        self._purger = Purger(self._store, settings.media_dir)
        self._sealer = make_sealer(settings)
        self._make_service()
        resealing = asyncio.create_task(self._logins.reseal_beside())
        self._closing.append(("resealing", lambda: end_tasks([resealing])))
        webhooks = Webhooks(settings, self._store, self._sealer, self._dispatcher, self._clock)
        await webhooks.start()
        self._closing.append(("webhooks", webhooks.stop))
        self._grpc = GrpcServer(
            self._pipeline,
            settings.grpc_address,
            max_message_bytes=settings.max_message_bytes,
            reuse_port=settings.reuse_port,
            tls=_tls(settings),
        )
        await self._grpc.start()
        self._closing.append(("grpc", lambda: self._grpc.stop(_LAST_GRACE_S)))
        scheduler = Scheduler(self._store, self._dispatcher.send, start_grace_s=settings.lease_seconds)
        await scheduler.start()
        self._closing.append(("scheduler", scheduler.stop))
        await self._purger.start()
        self._closing.append(("purger", self._purger.stop))
        retention = Retention(self._store, settings.limit_event_days, clock=self._clock)
        await retention.start()
        self._closing.append(("retention", retention.stop))
        evidence = EvidenceRetention(self._store, settings.media_dir, settings.limit_evidence_days, clock=self._clock)
        await evidence.start()
        self._closing.append(("evidence", evidence.stop))
        self._health = asyncio.create_task(self._tell_health())
        self._closing.append(("health", self._end_health))

    def _make_service(self) -> None:
        settings, store, feed = self._settings, self._store, self._feed
        tokens = MediaTokens(
            _secret(settings, "media_url_secret"), settings.media_url_seconds, clock=lambda: self._clock.now_us() / 1e6
        )
        self._worker_token = _secret(settings, "worker_token")
        self._logins = LoginDesk(store.logins, self._sealer)
        asker = make_asker(settings)
        self._closing.append(("callbacks", asker.close))
        zoom_tokens = ZoomTokenDesk(store.webhooks, self._sealer, asker, self._clock)
        self._agents = AgentService(store, feed, self._dispatcher, settings.lease_seconds, self._logins, zoom_tokens)
        places = places_of(settings)
        services = (
            BotService(
                store,
                self._dispatcher,
                places,
                lambda bot_id, path: f"{settings.public}/media/{tokens.sign(bot_id, path)}",
                BotsOwnWebhooks(self._sealer),
            ),
            BotChanges(store, places),
            BotWishes(store),
            Transcripts(store, self._purger),
            EventService(store, feed),
            MediaService(settings.media_dir, tokens),
            ProjectService(store.projects, settings.limits),
            WebhookService(store.webhooks, self._sealer, self._dispatcher),
            LoginService(store.logins, self._sealer, self._clock.now_us),
            self._agents,
        )
        authenticator = Authenticator(
            self._find_caller,
            worker_token=self._worker_token,
            admin_token=_secret(settings, "admin_token"),
            cache_seconds=settings.key_cache_seconds,
        )
        store.projects.on_change(authenticator.forget)
        validator = Validator(
            {
                CreateBotRequest: (*self._create_checks(), checks.MeetingUrlCheck(places)),
                UpdateBotRequest: (UpdateChecks(self._create_checks(), checks.MeetingUrlCheck(places)),),
                SendChatMessageRequest: (checks.check_send_chat_message,),
                OutputVideoRequest: (checks.check_output_video,),
                **project_checks(self._clock.now_us),
                **webhook_checks(policy_of(settings)),
                **login_checks(self._clock.now_us),
            },
            {
                CreateBotRequest: (checks.check_metadata, checks.check_image_size),
                UpdateBotRequest: (checks.check_metadata, checks.check_image_size),
                OutputImageRequest: (checks.check_output_image_size,),
            },
        )
        self._pipeline = Pipeline(bind(services), authenticator, validator, store.recall, tell_first=TellFirst(store))
        self._pipeline.warm_up()
        self._transport = LocalTransport(self._pipeline)

    def _create_checks(self) -> tuple[Check, ...]:
        return (
            checks.check_bot_name,
            checks.JoinAtCheck(self._clock.now_us),
            checks.check_bot_image,
            checks.check_bot_chat_message,
            BotsUrls(policy_of(self._settings)),
            checks.check_websocket_video,
            checks.check_voice_agent,
            check_availability,
        )

    # -- What others use -----------------------------------------------------------------------------------------------

    @property
    def transport(self) -> Transport:
        """Calls within this process, through the same pipeline as those from outside."""
        return self._transport

    @property
    def grpc_port(self) -> int:
        """The port that gRPC is served on."""
        return self._grpc.port

    @property
    def worker_token(self) -> str:
        """What workers have to show."""
        return self._worker_token

    @property
    def _admin(self) -> Admin:
        return Admin(self._store, self._settings, FIRST_START)

    async def knows_key(self, secret: str) -> bool:
        """Whether this key opens anything."""
        return await self._admin.knows_key(secret)

    async def create_key(self, *, name: str = "", project: str = DEFAULT_PROJECT) -> str:
        """The secret of a new key; its project is made if it is not there."""
        return (await self._admin.create_key(project=project, name=name)).secret

    # -- The end -------------------------------------------------------------------------------------------------------

    async def drain(self) -> None:
        """Takes no more calls, ends all streams with UNAVAILABLE, and waits for the calls that run, `drain_seconds` at most."""
        if self._drained or not hasattr(self, "_pipeline"):
            return
        self._drained = True
        self._pipeline.drain()
        if hasattr(self, "_grpc"):
            await self._grpc.set_serving(serving=False)
        self._agents.drain()
        await self._feed.drain()
        await self._pipeline.idle(self._settings.drain_seconds)

    async def stop(self) -> None:
        """Drains, then closes everything in the opposite order; what cannot be closed is logged and keeps nothing else open."""
        await self.drain()
        while self._closing:
            name, close = self._closing.pop()
            try:
                await close()
            except Exception:  # noqa: BLE001 - logged, and the rest has to be closed all the same
                _log.exception("close_failed", part=name)
        await asyncio.to_thread(self._dispatcher.close)

    async def _find_caller(self, key: str) -> Caller | None:
        access = await self._store.projects.find_key(key)
        if access is None:
            return None
        return Caller(access.key.project_id, access.key.id, self._settings.limits.with_own(access.own_limits))

    async def _tell_health(self) -> None:
        """Serving as long as the database answers."""
        while True:
            try:
                await self._store.ping()
            except DomainError:
                await self._set_serving(serving=False)
            else:
                await self._set_serving(serving=not self._drained)
            await asyncio.sleep(_HEALTH_EVERY_S)

    async def _set_serving(self, *, serving: bool) -> None:
        await self._grpc.set_serving(serving=serving)

    async def _end_health(self) -> None:
        await end_tasks([self._health])


def _check(settings: ServerSettings) -> None:
    scheme = settings.database_url.partition("://")[0]
    if scheme not in {"sqlite", "postgresql"}:
        raise BadSetting("ROLLCALL_DATABASE_URL", "must start with sqlite:/// or postgresql://.")
    if settings.reuse_port and scheme == "sqlite":
        raise BadSetting("ROLLCALL_REUSE_PORT", "several servers need PostgreSQL; SQLite is for one.")
    if bool(settings.grpc_tls_cert) != bool(settings.grpc_tls_key):
        raise BadSetting("ROLLCALL_GRPC_TLS_CERT", "needs ROLLCALL_GRPC_TLS_KEY beside it, and the other way round.")
    if settings.grpc_tls_client_ca is not None and settings.grpc_tls_cert is None:
        raise BadSetting("ROLLCALL_GRPC_TLS_CLIENT_CA", "needs ROLLCALL_GRPC_TLS_CERT and ROLLCALL_GRPC_TLS_KEY beside it.")
    if settings.is_everywhere and "public_url" not in settings.model_fields_set:
        raise BadSetting(
            "ROLLCALL_PUBLIC_URL",
            f"has to be set where ROLLCALL_HTTP_ADDRESS is {settings.http_address}, for nobody can reach that address from "
            "elsewhere: links to recordings begin with it. As http://this-machine.example:8080, or https:// behind a proxy.",
        )
    try:
        if urlsplit(f"//{settings.grpc_address}").port is None:
            raise ValueError
    except ValueError:
        raise BadSetting("ROLLCALL_GRPC_ADDRESS", "must be host:port, as 127.0.0.1:50051.") from None


def _tls(settings: ServerSettings) -> TlsFiles | None:
    if settings.grpc_tls_cert is None or settings.grpc_tls_key is None:
        return None
    return TlsFiles("ROLLCALL_GRPC_TLS", settings.grpc_tls_cert, settings.grpc_tls_key, settings.grpc_tls_client_ca)


def _secret(settings: ServerSettings, name: str) -> str:
    given = getattr(settings, name)
    return given.get_secret_value() if given is not None else read_or_make(settings.data_dir / name)


def places_of(settings: ServerSettings) -> Callable[[], MeetingPlaces]:
    """Where bots may go, platform files as they are now."""
    files = PlatformFiles(settings.platforms_dir)

    def places() -> MeetingPlaces:
        return MeetingPlaces(settings.jitsi_hosts, settings.all_rehearsal_origins, files.globs())

    return places
