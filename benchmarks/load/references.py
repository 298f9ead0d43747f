"""Other trackers, for comparison: opentracker, and bittorrent-tracker for Node.js.

MINITORRENT_OPENTRACKER names opentracker's program, if it isn't on the PATH;
MINITORRENT_NODE_MODULES the folder of modules that has bittorrent-tracker.
"""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from benchmarks.load.cpu import cpu_seconds
from benchmarks.load.http_client import HttpClient, announce_path
from benchmarks.load.measure import Figures, MeasurementError, run
from benchmarks.load.operations import Act, Worker
from benchmarks.load.session import LostError
from benchmarks.load.world import World
from common.types import Endpoint
from tests.support.ports import free_port
from tests.support.waiting import wait_until

_FILES = 8
_PEERS = 40
_START_TIME = 30.0
_NODE = """
import Server from %r
const server = new Server({ udp: false, ws: false, http: true, stats: false })
server.on('error', error => { console.error(error); process.exit(1) })
server.listen(%d, '127.0.0.1')
"""


def opentracker(folder: Path, port: int, hashes: Sequence[bytes]) -> list[str] | None:
    """Return the command that starts opentracker with these torrents allowed, if it is here."""
    program = os.environ.get("MINITORRENT_OPENTRACKER") or shutil.which("opentracker")
    if program is None:
        return None
    folder.chmod(0o755)
    allowed = folder / "whitelist.txt"
    allowed.write_text("".join(f"{one.hex()}\n" for one in hashes))
    where = ["-i", "127.0.0.1", "-p", str(port), "-P", str(port)]
    return [program, *where, "-d", str(folder), "-w", allowed.name, "-u", "nobody"]


def bittorrent_tracker(folder: Path, port: int, _hashes: Sequence[bytes]) -> list[str] | None:
    """Return the command that starts bittorrent-tracker, if it and Node.js are here."""
    node, modules = shutil.which("node"), os.environ.get("MINITORRENT_NODE_MODULES")
    if node is None or modules is None:
        return None
    script = folder / "server.mjs"
    script.write_text(_NODE % (f"{modules}/bittorrent-tracker/server.js", port))
    return [node, str(script)]


REFERENCES = {"opentracker": opentracker, "bittorrent-tracker (Node.js)": bittorrent_tracker}


def measure(name: str, folder: Path, world: World, seconds: float) -> dict[str, Figures] | str:
    """Return what announces cost with and without keep-alive; a sentence if it isn't here."""
    folder.mkdir()
    port = free_port()
    hashes = [secrets.token_bytes(20) for _ in range(_FILES)]
    command = REFERENCES[name](folder, port, hashes)
    if command is None:
        return f"{name} is not here"
    address = Endpoint("127.0.0.1", port)
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        stack.callback(process.kill)
        wait_until(lambda: _answers(address, hashes[0]), _START_TIME, name)
        _add_peers(address, hashes)
        workers = [Worker(world, number) for number in range(len(world.members))]
        figures: dict[str, Figures] = {}
        for what, keep_alive in (("HTTP announce", True), ("HTTP announce, new connection", False)):
            operation = partial(_announcing, address, hashes, keep_alive)
            with suppress(MeasurementError):  # not all keep connections
                figures[what] = run(operation, workers, seconds, partial(cpu_seconds, process.pid))
        return figures


@contextmanager
def _announcing(
    address: Endpoint, hashes: Sequence[bytes], keep_alive: bool, _worker: Worker
) -> Iterator[Act]:
    client = HttpClient(address, keep_alive=keep_alive)
    peer_id = _peer_id()
    count = itertools.count(1)

    def act() -> None:
        number = next(count)
        client.announce(announce_path("/announce", hashes[number % _FILES], peer_id, number))

    yield act
    client.close()


def _add_peers(address: Endpoint, hashes: Sequence[bytes]) -> None:
    client = HttpClient(address, keep_alive=False)
    for info_hash in hashes:
        for _ in range(_PEERS):
            client.announce(announce_path("/announce", info_hash, _peer_id(), 0))


def _answers(address: Endpoint, info_hash: bytes) -> bool:
    try:
        client = HttpClient(address, keep_alive=False)
        return bool(client.announce(announce_path("/announce", info_hash, _peer_id(), 0)))
    except LostError:
        return False


def _peer_id() -> bytes:
    return b"-LT20B0-" + secrets.token_hex(6).encode()
