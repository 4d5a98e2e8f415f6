"""What webhooks cost: a bot stored in a project without, and with one; and a delivery, from the row to the receiver's answer.

Within this process, on SQLite, so that nothing else is in the figures; the receiver is a process of its own. CPU is this
process's, the best of several rounds: others use this machine too.
"""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import table
from rollcall.outward import GuardedTransport, Policy
from rollcall.v1 import bot_pb2
from server.clock import SystemClock
from server.domain.webhooks import DeliveryState, WebhookTrigger, mask_of
from server.sealing import Sealer
from server.store import NewBot, Store, StoreConfig
from server.webhooks.deliverer import Deliverer, DeliveryConfig
from server.webhooks.secrets import seal_new
from server.webhooks.sender import Sender
from tests.services import free_port

_CALLERS = 16
_EACH = 60
_ROUNDS = 7
_RECEIVER = """
import asyncio, sys
async def handle(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).lower()
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\\r\\n")[0]))
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@contextmanager
def _receiver() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", _RECEIVER, str(port)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(10)


async def _creates(store: Store, bot: NewBot) -> float:
    """Milliseconds of CPU for a bot stored."""

    async def one() -> None:
        for _ in range(_EACH):
            await store.create_bot(bot)

    began = time.process_time()
    await asyncio.gather(*(one() for _ in range(_CALLERS)))
    return (time.process_time() - began) / (_CALLERS * _EACH) * 1000


async def main() -> str:
    """The table."""
    sealer = Sealer([secrets.token_urlsafe(32)])
    with tempfile.TemporaryDirectory() as folder, _receiver() as url:
        store = await Store.open(StoreConfig(f"sqlite:///{Path(folder) / 'rollcall.db'}"))
        without, having = [
            NewBot((await store.projects.create(name)).id, "Bot", "https://meet.example/abc", bot_pb2.PLATFORM_REHEARSAL)
            for name in ("without", "having")
        ]
        _, sealed = seal_new(sealer, "wh_1")
        await store.webhooks.create("wh_1", having.project_id, url, mask_of(WebhookTrigger), sealed_secret=sealed, limit=1)
        best = {"without": float("inf"), "with one webhook": float("inf")}
        for _ in range(_ROUNDS):
            best["without"] = min(best["without"], await _creates(store, without))
            best["with one webhook"] = min(best["with one webhook"], await _creates(store, having))
        rows: list[list[object]] = [[f"a bot stored, project {name}", ms, 1000 / ms] for name, ms in best.items()]
        count = _CALLERS * _EACH * _ROUNDS
        config = DeliveryConfig(share=32)
        sender = Sender(GuardedTransport(Policy(private=True)), config.timeout_s)
        deliverer = Deliverer(store, sender, sealer, config, SystemClock())
        began, cpu = time.perf_counter(), time.process_time()
        await deliverer.start()
        pending = [DeliveryState.PENDING]
        while (await store.webhooks.list_deliveries(having.project_id, "wh_1", states=pending, limit=1)).results:
            await asyncio.sleep(0.2)
        took = time.perf_counter() - began
        rows.append(["a delivery, one bot each", (time.process_time() - cpu) / count * 1000, count / took])
        await deliverer.stop()
        await store.close()
    return table(("what", "CPU ms", "a second"), rows)


if __name__ == "__main__":
    print(asyncio.run(main()))
