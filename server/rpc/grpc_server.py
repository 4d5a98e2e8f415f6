"""The gRPC server itself: its port, its options, health and reflection."""

from __future__ import annotations

import errno
import socket

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from rollcall.tls_files import Reloaded, TlsFiles, TlsFilesError, TlsMaterial
from server.domain.errors import BadSetting, PortInUse
from server.rpc.grpc_edge import GrpcEdge
from server.rpc.methods import service_names
from server.rpc.pipeline import Pipeline

ADDRESS_SETTING = "ROLLCALL_GRPC_ADDRESS"
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class GrpcServer:
    """Serves a pipeline. `start` binds; `port` is the real one.

    The grpc.aio server is only made once its port is known to be free, for one that was never started takes the whole process
    with it when it is collected (a segmentation fault, seen with grpcio 1.85.1).
    """

    def __init__(
        self, pipeline: Pipeline, address: str, *, max_message_bytes: int, reuse_port: bool = False, tls: TlsFiles | None = None
    ) -> None:
        self._pipeline = pipeline
        self._address = address
        self._tls = tls
        self._reuse_port = reuse_port
        self._options = _options(max_message_bytes, reuse_port=reuse_port)
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Binds and serves. Raises PortInUse, BadSetting."""
        await self.set_serving(serving=False)
        credentials = _credentials(self._tls) if self._tls else None
        _try_port(self._address, reuse_port=self._reuse_port)
        server = self._make()
        try:
            if credentials is None:
                self.port = server.add_insecure_port(self._address)
            else:
                self.port = server.add_secure_port(self._address, credentials)
        except RuntimeError:  # somebody took it within the last millisecond
            await server.start()
            await server.stop(0)
            raise PortInUse(self._address, ADDRESS_SETTING) from None
        await server.start()
        self._server = server

    def _make(self) -> grpc.aio.Server:
        server = grpc.aio.server(options=self._options)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((*service_names(), health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        # Last, for it answers for every path that the ones before do not know.
        server.add_generic_rpc_handlers((GrpcEdge(self._pipeline),))
        return server

    async def set_serving(self, *, serving: bool) -> None:
        """What health says, of the whole and of each service."""
        for name in ("", *service_names()):
            await self._health.set(name, _SERVING if serving else _NOT_SERVING)

    async def stop(self, grace_s: float) -> None:
        """Ends what still runs after so many seconds. Streams that are meant to be endless have to be ended before."""
        await self._health.enter_graceful_shutdown()
        if self._server is not None:
            await self._server.stop(grace_s)


def _try_port(address: str, *, reuse_port: bool) -> None:
    """Binds for a moment: the system's own words are better than gRPC's, which also writes its own to standard error."""
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, place = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if reuse_port:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            probe.bind(place)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(address, ADDRESS_SETTING) from None
        raise BadSetting(ADDRESS_SETTING, f"cannot listen at {address}: {error.strerror}.") from None


def _options(max_message_bytes: int, *, reuse_port: bool) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", int(reuse_port)),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
        # Clients may ping on idle streams, else the server ends the connection with too_many_pings.
        ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 1),
        # And the server finds out that a client is gone without a word.
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 10_000),
    ]


def _credentials(tls: TlsFiles) -> grpc.ServerCredentials:
    """Certificates that are looked at again for each new connection; those that are open go on under their own."""
    try:
        configurations = Reloaded(tls, _configuration)
    except TlsFilesError as error:
        raise BadSetting(error.setting, error.message) from None
    return grpc.dynamic_ssl_server_credentials(
        configurations.get(), configurations.get, require_client_authentication=tls.client_authority is not None
    )


def _configuration(material: TlsMaterial) -> grpc.ServerCertificateConfiguration:
    pair = (material.key, material.certificate)
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=material.client_authority)
