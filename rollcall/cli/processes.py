"""`rollcall run`, `server`, `gateway`, `worker`: puts the parts together as processes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer
import uvloop

from rollcall.cli import first_start
from rollcall.cli.terminal import UserError, configure_logging, say

if TYPE_CHECKING:
    from agents.settings import WorkerSettings
    from server.settings import ServerSettings

log = structlog.get_logger(__name__)

LogLevel = Annotated[str, typer.Option("--log-level", help="debug, info, warning or error")]
LogJson = Annotated[bool, typer.Option("--log-json/--log-lines", help="Log as JSON, one object a line")]


def _until_stopped() -> tuple[asyncio.Event, Callable[[], None]]:
    """An event that SIGINT and SIGTERM set, and what takes the handlers away again (a second signal then ends at once)."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)

    def forget() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    return stopped, forget


def _run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


def run(
    log_level: LogLevel = "warning",
    log_json: LogJson = False,
) -> None:
    """Start everything in one process: service, HTTP, and a worker. No other program is needed."""
    configure_logging(log_level, as_json=log_json)
    _run(_run_all())


@asynccontextmanager
async def everything() -> AsyncIterator[first_start.Welcome]:
    """The whole service in this process, on its settings; yields what a person needs to know to use it."""
    from agents.broker import make_broker
    from agents.settings import WorkerSettings
    from agents.worker import Worker
    from gateway.app import create_app
    from gateway.serve import serving
    from gateway.settings import GatewaySettings
    from server.app import Server
    from server.dispatch import DramatiqDispatcher
    from server.settings import ServerSettings

    settings = ServerSettings()
    _check_broker_url(settings.broker_url)
    worker_settings = WorkerSettings(worker_token=settings.worker_token)
    _check_own_worker(settings, worker_settings)
    broker = make_broker(settings.broker_url)
    server = Server(settings, DramatiqDispatcher(broker))
    await server.start()
    try:
        gateway_settings = GatewaySettings()
        app = create_app(server.transport, gateway_settings)
        async with serving(app, gateway_settings.http_address, tls=gateway_settings.tls):
            worker = Worker(worker_settings, broker)
            await asyncio.to_thread(worker.start)
            try:
                yield await first_start.welcome(settings, gateway_settings)
            finally:
                # The worker says goodbye to its meetings while the server still hears it.
                await asyncio.to_thread(worker.stop, 20.0)
                await server.drain()
    finally:
        await server.stop()


async def _run_all() -> None:
    from agents.readiness import shortcomings
    from agents.settings import WorkerSettings

    stopped, forget = _until_stopped()
    async with everything() as welcome:
        say(welcome.text())
        for one in shortcomings(WorkerSettings()):
            say(f"WARNING: {one}")
        await stopped.wait()
        forget()
        say("Stopping: bots say goodbye. Press Ctrl-C again to stop at once.")


def _check_own_worker(settings: ServerSettings, worker: WorkerSettings) -> None:
    """The worker in this process speaks gRPC with the server as any other, TLS included."""
    if settings.grpc_tls_cert is None:
        return
    if not (worker.server_tls or worker.server_tls_ca):
        raise UserError(
            "ROLLCALL_SERVER_TLS_CA: where gRPC is served with TLS, set it to the PEM file of the authority of the server's "
            "certificate (or ROLLCALL_SERVER_TLS=true if the system knows it): the worker speaks TLS with the server too.",
            code=2,
        )
    if settings.grpc_tls_client_ca is not None and worker.server_tls_cert is None:
        raise UserError(
            "ROLLCALL_SERVER_TLS_CERT: where the server demands certificates (ROLLCALL_GRPC_TLS_CLIENT_CA), the worker needs one "
            "of its own; set it and ROLLCALL_SERVER_TLS_KEY.",
            code=2,
        )


def _check_broker_url(broker_url: str) -> None:
    scheme = broker_url.partition("://")[0]
    if scheme not in {"embedded", "redis", "rediss", "amqp", "amqps"}:
        raise UserError(f"ROLLCALL_BROKER_URL: {scheme}:// is no broker; use embedded://, redis://… or amqp://…", code=2)


def _refuse_embedded(broker_url: str) -> None:
    _check_broker_url(broker_url)
    if broker_url.startswith("embedded:"):
        raise UserError(
            "a server or a worker of its own needs a broker between the two: set ROLLCALL_BROKER_URL to redis://… or amqp://…, "
            "or start everything in one process with `rollcall run`",
            code=2,
        )


def server(
    http: Annotated[
        bool, typer.Option("--http/--no-http", help="Serve HTTP too, in this process (quicker than a gateway apart)")
    ] = True,
    log_level: LogLevel = "info",
    log_json: LogJson = True,
) -> None:
    """Start the service without a worker: gRPC, and HTTP unless told otherwise."""
    configure_logging(log_level, as_json=log_json)
    _run(_server(http=http))


async def _server(*, http: bool) -> None:
    from gateway.app import create_app
    from gateway.serve import serving
    from gateway.settings import GatewaySettings
    from server.app import Server
    from server.dispatch import DramatiqDispatcher, make_broker
    from server.settings import ServerSettings

    settings = ServerSettings()
    _refuse_embedded(settings.broker_url)
    instance = Server(settings, DramatiqDispatcher(make_broker(settings.broker_url)))
    stopped, forget = _until_stopped()
    await instance.start()
    try:
        async with AsyncExitStack() as stack:
            if http:
                gateway_settings = GatewaySettings()
                app = create_app(instance.transport, gateway_settings)
                await stack.enter_async_context(serving(app, gateway_settings.http_address, tls=gateway_settings.tls))
            log.info("server_started", grpc=settings.grpc_address, http=http)
            await stopped.wait()
            forget()
            await instance.drain()
    finally:
        await instance.stop()


def gateway(
    target: Annotated[
        str, typer.Option(help="The gRPC service, as host:port; ROLLCALL_SERVER_ADDRESS where not given", show_default=False)
    ] = "",
    log_level: LogLevel = "info",
    log_json: LogJson = True,
) -> None:
    """Start HTTP alone, in front of a gRPC service."""
    configure_logging(log_level, as_json=log_json)
    _run(_gateway(target))


async def _gateway(target: str) -> None:
    from gateway.app import create_app
    from gateway.serve import serving
    from gateway.settings import GatewaySettings
    from rollcall.grpc_transport import GrpcTransport, Tls

    settings = GatewaySettings()
    target = target or settings.server_address
    tls = Tls(settings.server_tls_ca, settings.server_tls_cert, settings.server_tls_key)
    transport = GrpcTransport(target, tls=tls if settings.server_tls or settings.server_tls_ca else None)
    stopped, forget = _until_stopped()
    try:
        async with serving(create_app(transport, settings), settings.http_address, tls=settings.tls):
            log.info("gateway_started", http=settings.http_address, target=target)
            await stopped.wait()
            forget()
    finally:
        await transport.close()


def worker(log_level: LogLevel = "info", log_json: LogJson = True) -> None:
    """Start a worker: takes bots from the queue and attends their meetings."""
    configure_logging(log_level, as_json=log_json)
    _run(_worker())


async def _worker() -> None:
    from agents.broker import make_broker
    from agents.readiness import shortcomings
    from agents.settings import WorkerSettings
    from agents.worker import Worker

    settings = WorkerSettings()
    _refuse_embedded(settings.broker_url.get_secret_value())
    instance = Worker(settings, make_broker(settings.broker_url))
    stopped, forget = _until_stopped()
    await asyncio.to_thread(instance.start)
    log.info("worker_started", server=settings.server_address)
    for one in shortcomings(settings):
        log.warning("worker_lacks", what=one)
    try:
        await stopped.wait()
        forget()
    finally:
        await asyncio.to_thread(instance.stop, 20.0)
