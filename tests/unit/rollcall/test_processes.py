"""What keeps a process from starting is said before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.settings import WorkerSettings
from rollcall.cli.processes import _check_own_worker
from rollcall.cli.terminal import UserError
from server.settings import ServerSettings

FILE = Path("x.pem")


@pytest.mark.parametrize(
    ("server", "worker", "told"),
    [
        ({}, {}, None),
        ({"grpc_tls_cert": FILE}, {}, "ROLLCALL_SERVER_TLS_CA"),
        ({"grpc_tls_cert": FILE}, {"server_tls": True}, None),
        ({"grpc_tls_cert": FILE}, {"server_tls_ca": FILE}, None),
        ({"grpc_tls_cert": FILE, "grpc_tls_client_ca": FILE}, {"server_tls_ca": FILE}, "ROLLCALL_SERVER_TLS_CERT"),
        ({"grpc_tls_cert": FILE, "grpc_tls_client_ca": FILE}, {"server_tls_ca": FILE, "server_tls_cert": FILE}, None),
    ],
)
def test_the_worker_in_the_servers_process_must_be_able_to_speak_with_it(
    server: dict[str, Path], worker: dict[str, object], told: str | None
) -> None:
    settings = ServerSettings(**server), WorkerSettings(**worker)  # type: ignore[arg-type]  # as from the environment
    if told is None:
        _check_own_worker(*settings)
        return
    with pytest.raises(UserError, match=told):
        _check_own_worker(*settings)
