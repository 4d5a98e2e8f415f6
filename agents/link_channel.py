"""The one connection of a worker to the server; all its bots' streams share it."""

from __future__ import annotations

from pathlib import Path

import grpc

_OPTIONS: list[tuple[str, int]] = [
    # A dead server or a cut network is noticed within 15 s even when nothing is sent. The ping is answered by gRPC's own
    # threads, so a server that is merely slow is not dropped.
    ("grpc.keepalive_time_ms", 5_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # The channel's own back-off is kept below the link's, or it would decide instead.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 3_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A bot's picture comes in LeaseGranted and may have 10 MiB.
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    # Never share a connection with another channel of this process, whose options might differ.
    ("grpc.use_local_subchannel_pool", 1),
]


def open_channel(
    address: str,
    *,
    ca_file: Path | None = None,
    certificate_file: Path | None = None,
    key_file: Path | None = None,
    tls: bool = False,
) -> grpc.aio.Channel:
    """A channel to `address` (host:port). Must be called on the loop that will use it.

    TLS where `tls` is set or a `ca_file` is given (else the system's authorities are trusted); with certificate and key: mutual.
    Raises OSError where a file cannot be read.
    """
    if not (tls or ca_file):
        return grpc.aio.insecure_channel(address, options=_OPTIONS)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=ca_file.read_bytes() if ca_file else None,
        private_key=key_file.read_bytes() if key_file else None,
        certificate_chain=certificate_file.read_bytes() if certificate_file else None,
    )
    return grpc.aio.secure_channel(address, credentials, options=_OPTIONS)
