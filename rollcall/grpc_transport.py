"""Calls over gRPC: the Transport for everything that is not in the server's own process."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import grpc.aio
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status

from rollcall.transport import CallError, Metadata

STATUS_KEY = "grpc-status-details-bin"
MOST_MESSAGE_BYTES = 16 * 1024 * 1024
OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.max_receive_message_length", MOST_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MOST_MESSAGE_BYTES),
    # A server that vanished without a word (power, network) is noticed within half a minute also on a silent stream.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Half a second to the first new try, five at most: a server that restarts is back in a moment.
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)

# Said where a call failed without a status of the server's own; gRPC's own texts name addresses and libraries.
_TEXTS = {
    code_pb2.UNAVAILABLE: "The service cannot be reached. Try again.",
    code_pb2.DEADLINE_EXCEEDED: "The service took too long to answer.",
    code_pb2.CANCELLED: "The call was canceled.",
    code_pb2.UNIMPLEMENTED: "The service does not offer this call; it may be of another version.",
    code_pb2.RESOURCE_EXHAUSTED: f"The message is larger than {MOST_MESSAGE_BYTES} bytes.",
}


class Tls(NamedTuple):
    """TLS settings of a client: files in PEM. Without a certificate authority the system's are used."""

    authority: Path | None = None
    """Certificates of the authorities that are trusted."""
    certificate: Path | None = None
    """The client's own certificate, for mutual TLS; with `key`."""
    key: Path | None = None
    server_name: str | None = None
    """The name in the server's certificate, where it is not the host that is connected to."""

    def credentials(self) -> grpc.ChannelCredentials:
        """As grpcio takes them. Raises OSError where a file cannot be read."""
        files = (path.read_bytes() if path else None for path in (self.authority, self.key, self.certificate))
        return grpc.ssl_channel_credentials(*files)

    def options(self) -> tuple[tuple[str, Any], ...]:
        """Options of the channel."""
        return (("grpc.ssl_target_name_override", self.server_name),) if self.server_name else ()


def parse_address(address: str, tls: Tls | None) -> tuple[str, Tls | None]:
    """host:port and TLS of an address: `https://host:port` means TLS (port 443 where none is given), files named or not.

    Raises ValueError for another scheme, and for `http://` with files for TLS.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address, tls
    target = rest.rstrip("/")
    if scheme.lower() not in {"http", "https"} or not target or "/" in target:
        raise ValueError(f"{address} is no address of the gRPC service; give host:port, or https://host:port for TLS")
    secure = scheme.lower() == "https"
    if tls is not None and not secure:
        raise ValueError(f"{address} is without TLS, and files for TLS are given; say https://, or leave them out")
    if ":" not in target.rpartition("]")[2]:
        target += ":443" if secure else ":80"
    return target, (tls or Tls()) if secure else None


@functools.cache
def response_class(method: str) -> type[Message]:
    """The class of a method's answers, by the method's full name. Raises KeyError where the contract has no such method."""
    found = descriptor_pool.Default().FindMethodByName(method[1:].replace("/", "."))
    return message_factory.GetMessageClass(found.output_type)


def serialize(message: Message) -> bytes:
    """As gRPC sends it."""
    return message.SerializeToString()


def status_of(error: grpc.RpcError) -> Status:
    """The google.rpc.Status of a failed call; one made up from the code where the server sent none."""
    call: Any = error
    metadata = call.trailing_metadata() or ()
    for name, value in metadata:
        if name == STATUS_KEY:
            try:
                return Status.FromString(value)
            except DecodeError:
                break
    code = call.code().value[0] if call.code() is not None else code_pb2.UNKNOWN
    return Status(code=code, message=_TEXTS.get(code, "The call failed."))


class GrpcTransport:
    """One channel to one server; it connects again by itself."""

    def __init__(self, target: str, *, tls: Tls | None = None) -> None:
        """`target` as for `parse_address`; nothing is connected before the first call. Must be made within a running loop."""
        target, tls = parse_address(target, tls)
        if tls is None:
            self._channel = grpc.aio.insecure_channel(target, options=OPTIONS)
        else:
            self._channel = grpc.aio.secure_channel(target, tls.credentials(), options=(*OPTIONS, *tls.options()))
        self._unary: dict[str, grpc.aio.UnaryUnaryMultiCallable[Message, Message]] = {}
        self._stream: dict[str, grpc.aio.UnaryStreamMultiCallable[Message, Message]] = {}

    async def unary(self, method: str, request: Message, metadata: Metadata, *, timeout_s: float | None = None) -> Message:
        """The answer to one call. Raises CallError."""
        call = self._unary.get(method)
        if call is None:
            parse = response_class(method).FromString
            call = self._unary[method] = self._channel.unary_unary(method, serialize, parse)
        try:
            return await call(request, metadata=tuple(metadata), timeout=timeout_s)
        except grpc.RpcError as error:
            raise CallError(status_of(error)) from None

    async def stream(self, method: str, request: Message, metadata: Metadata) -> AsyncIterator[Message]:
        """The answers to a server-streaming call. Raises CallError while iterated; `aclose()` cancels the call."""
        factory = self._stream.get(method)
        if factory is None:
            parse = response_class(method).FromString
            factory = self._stream[method] = self._channel.unary_stream(method, serialize, parse)
        call = factory(request, metadata=tuple(metadata))
        try:
            async for message in call:
                yield message
        except grpc.RpcError as error:
            raise CallError(status_of(error)) from None
        finally:
            call.cancel()

    async def close(self) -> None:
        """Closes the channel; calls under way are canceled."""
        await self._channel.close()


class BlockingGrpcTransport:
    """As GrpcTransport, for code without an event loop; may be used by several threads."""

    def __init__(self, target: str, *, tls: Tls | None = None) -> None:
        """`target` as for `parse_address`; nothing is connected before the first call."""
        target, tls = parse_address(target, tls)
        if tls is None:
            self._channel = grpc.insecure_channel(target, options=OPTIONS)
        else:
            self._channel = grpc.secure_channel(target, tls.credentials(), options=(*OPTIONS, *tls.options()))

    def unary(self, method: str, request: Message, metadata: Metadata, *, timeout_s: float | None = None) -> Message:
        """The answer to one call. Raises CallError."""
        call = self._channel.unary_unary(method, serialize, response_class(method).FromString)
        try:
            return call(request, metadata=tuple(metadata), timeout=timeout_s)
        except grpc.RpcError as error:
            raise CallError(status_of(error)) from None

    def stream(self, method: str, request: Message, metadata: Metadata) -> Iterator[Message]:
        """The answers to a server-streaming call. Raises CallError while iterated; `close()` of it cancels the call."""
        call = self._channel.unary_stream(method, serialize, response_class(method).FromString)(request, metadata=tuple(metadata))
        try:
            yield from call
        except grpc.RpcError as error:
            raise CallError(status_of(error)) from None
        finally:
            call.cancel()

    def close(self) -> None:
        """Closes the channel; calls under way are canceled."""
        self._channel.close()
