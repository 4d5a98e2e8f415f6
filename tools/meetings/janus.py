"""Starts Debian's janus with its demos VideoRoom, an SFU, and AudioBridge, a mixer, written by others.

`python -m tools.meetings.janus` prints the rooms' URLs.

Janus never uses loopback for media, so janus, the page and every browser are in a network namespace with a veth pair.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import shutil
import sys
import tempfile
import threading
import urllib.request
from collections.abc import AsyncIterator, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tools.meetings.namespace import ADDRESS, NamespaceError, entered, inside, namespace

DEMOS = Path("/usr/share/janus/demos")
API_PORT = 8088
PAGE_PORT = 8000
ORIGIN = f"http://{ADDRESS}:{PAGE_PORT}"
ROOM = f"{ORIGIN}/videoroomtest.html"
"""Each person's media come over a connection of their own."""
ONE_CONNECTION_ROOM = f"{ORIGIN}/mvideoroomtest.html"
"""The same room by another client: everybody's media come over one connection, negotiated anew as people come and go."""
AUDIO_ROOM = f"{ORIGIN}/audiobridgetest.html"
"""No pictures, and the voices of all mixed into one track."""
START_SECONDS = 20

# Debian's copy names no servers for the demos, and lacks two variables that its pages read.
SETTINGS = f"""
server = "http://{ADDRESS}:{API_PORT}/janus";
iceServers = [];
var token = null, apisecret = null;
"""
JANUS = """
general: {{
  configs_folder = "{folder}/config"
  plugins_folder = "{folder}/plugins"
  transports_folder = "{folder}/transports"
  debug_level = 3
}}
nat: {{ ice_enforce_list = "{address}" }}
"""
HTTP = 'general: {{ base_path = "/janus", http = true, port = {port}, ip = "{address}" }}\nadmin: {{ admin_http = false }}\n'
PLUGINS = {
    "videoroom": """
room-1234: {
  description = "Demo Room"
  publishers = 6
  bitrate = 512000
  fir_freq = 10
}
""",
    "audiobridge": """
room-1234: {
  description = "Demo Room"
  sampling_rate = 48000
}
""",
}
"""Each plugin's rooms: those that its demos use."""


class JanusError(Exception):
    """It is not installed or did not start; the text says what to do."""


def check() -> None:
    """Raises JanusError where something is missing."""
    if shutil.which("janus") is None or not DEMOS.is_dir() or not Path("/usr/share/javascript/janus-gateway").is_dir():
        raise JanusError("janus is not installed: apt-get install janus janus-demos libjs-janus-gateway")


def _library(kind: str, name: str) -> Path:
    found = sorted(Path("/usr/lib").glob(f"*/janus/{kind}/{name}")) + sorted(Path("/usr/lib/janus").glob(f"{kind}/{name}"))
    if not found:
        raise JanusError(f"{name} is not installed: apt-get install janus")
    return found[0]


def _lay_out(folder: Path) -> None:
    """Its settings, the plugins and the transport that are needed, and the demos."""
    for name in ("config", "plugins", "transports"):
        (folder / name).mkdir()
    (folder / "config" / "janus.jcfg").write_text(JANUS.format(folder=folder, address=ADDRESS))
    (folder / "config" / "janus.transport.http.jcfg").write_text(HTTP.format(port=API_PORT, address=ADDRESS))
    for name, rooms in PLUGINS.items():
        (folder / "config" / f"janus.plugin.{name}.jcfg").write_text(rooms)
        (folder / "plugins" / f"libjanus_{name}.so").symlink_to(_library("plugins", f"libjanus_{name}.so"))
    (folder / "transports" / "libjanus_http.so").symlink_to(_library("transports", "libjanus_http.so"))
    shutil.copytree(DEMOS, folder / "demos", symlinks=True)
    (folder / "demos" / "javascript").unlink()
    (folder / "demos" / "javascript").symlink_to("/usr/share/javascript")
    settings = folder / "demos" / "settings.js"
    settings.write_text(settings.read_text() + SETTINGS)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: the tests' output is theirs."""


@contextlib.contextmanager
def _pages(folder: Path) -> Iterator[None]:
    server = ThreadingHTTPServer((ADDRESS, PAGE_PORT), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """The name of the namespace that the rooms are in; this thread is in it, too. Raises JanusError, NamespaceError."""
    check()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rollcall-janus-")))
        _lay_out(folder)
        name = stack.enter_context(namespace())
        stack.enter_context(entered(name))
        stack.enter_context(_pages(folder / "demos"))
        log = stack.enter_context((folder / "janus.log").open("w+"))
        command = inside(name, "janus", "-F", str(folder / "config"), "-o")
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
        try:
            await _answers(process, folder / "janus.log")
            yield name
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _answers(process: asyncio.subprocess.Process, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    async with asyncio.timeout(START_SECONDS):
        while True:
            if process.returncode is not None:
                raise JanusError(f"janus ended: {log.read_text(errors='replace')[-1500:]}")
            try:
                opener.open(f"http://{ADDRESS}:{API_PORT}/janus/info", timeout=2).close()
            except OSError:
                await asyncio.sleep(0.1)
            else:
                return


async def _main() -> None:
    async with running() as name:
        print(f"{ROOM}\n{ONE_CONNECTION_ROOM}\n{AUDIO_ROOM}\nOnly from inside: ip netns exec {name} …", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(_main())
    except KeyboardInterrupt:
        sys.exit(0)
    except (JanusError, NamespaceError) as error:
        sys.exit(str(error))
