"""`python -m benchmarks.line.stalls`: looks for downloads that take much longer than the others.

Downloads the same file over one line again and again, and keeps of each what both sides' sockets
and the client say of it, several times a second. The records of those that took much longer than
the median go into a folder, with their packets. With `--bare`, the same bytes go over one TCP
connection without a protocol, to tell what is ours from what is TCP's. Needs root; tcpdump and ss
are used if they are there.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.line.measure import share
from benchmarks.line.networks import End, line, obstacle
from benchmarks.line.shape import MEGABIT, Shape
from tests.support.content import make_file
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess

_EVERY: Final = 0.25
_LIMIT: Final = 120.0
"""Seconds between two looks at a download, and until it is given up."""

_PACKETS: Final = ("tcpdump", "-n", "-s", "100", "-i", "line", "-w")


@dataclass
class Run:
    """A download: the seconds it took, and what was seen of it, each with the seconds since."""

    seconds: float = 0.0
    seen: list[dict[str, Any]] = field(default_factory=list)


def main() -> None:
    """Download as often as the command line says."""
    options = _options()
    options.keep.mkdir(parents=True, exist_ok=True)
    shape = Shape(options.round_trip, options.rate * MEGABIT, options.loss)
    with tempfile.TemporaryDirectory() as folder, line(shape) as (near, far):
        content = make_file(Path(folder) / "content.bin", options.size << 20)
        with _busy(options.busy):
            run_all = _bare_runs if options.bare else _runs
            runs = run_all(near, far, Path(folder), content, options)
    times = [run.seconds for run in runs]
    median = statistics.median(times)
    kind = "bare" if options.bare else "sealed" if options.sealed else "open"
    print(f"{shape}, {kind}, {options.busy} busy loops: {len(runs)} downloads, median {median:.2f}")
    print(" ".join(f"{seconds:.1f}" for seconds in times), flush=True)
    for number, run in enumerate(runs):
        packets = options.keep / f"{number}.pcap"
        if run.seconds > options.slow * median:
            name = f"{time.strftime('%H%M%S')}-{shape.round_trip * 1000:.0f}ms-{kind}-{number}"
            (options.keep / f"{name}.json").write_text(json.dumps(run.seen, indent=1))
            if packets.exists():
                packets.rename(options.keep / f"{name}.pcap")
            print(f"download {number} took {run.seconds:.1f} s: {options.keep}/{name}.json")
        packets.unlink(missing_ok=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.line.stalls")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--size", type=int, default=20, help="MiB")
    parser.add_argument("--round-trip", type=float, default=0.2, help="seconds")
    parser.add_argument("--rate", type=float, default=200, help="Mbit/s")
    parser.add_argument("--loss", type=float, default=0.01)
    parser.add_argument("--slow", type=float, default=2.5, help="times the median, to be kept")
    parser.add_argument("--bare", action="store_true", help="TCP without a protocol")
    parser.add_argument("--busy", type=int, default=0, help="processes that keep a core busy")
    parser.add_argument("--sealed", action="store_true")
    parser.add_argument("--keep", type=Path, default=Path("stalls"), help="folder for records")
    options = parser.parse_args()
    missing = obstacle()
    if missing:
        parser.exit(1, f"{missing}\n")
    return options


@contextmanager
def _busy(count: int) -> Iterator[None]:
    """Keep cores busy during the block."""
    command = ["nice", "-n", "5", "sh", "-c", "while :; do :; done"]
    loops = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def _runs(
    near: End, far: End, folder: Path, content: Path, options: argparse.Namespace
) -> list[Run]:
    """Download with one client, which gives each copy up before the next."""
    copies = folder / "copies"
    runs = []
    with far.entered(), Lab(folder, host=far.host, is_open=not options.sealed) as lab:
        lab.member("seeder")
        share(lab, content)
        with near.entered():
            leecher = lab.member("leecher", host=near.host)
        for number in range(options.times):
            with near.entered(), _captured(options.keep / f"{number}.pcap"):
                runs.append(_run(near, far, leecher, content.name, copies))
            leecher.ok("stop_share", GROUP, content.name)
            shutil.rmtree(copies)
    return runs


def _bare_runs(
    near: End, far: End, folder: Path, content: Path, options: argparse.Namespace
) -> list[Run]:
    """Send the content over a new connection each time."""
    return [_bare_run(near, far, content) for _ in range(options.times)]


def _bare_run(near: End, far: End, content: Path) -> Run:
    with far.entered():
        server = socket.create_server((far.host, 0))
    sender = threading.Thread(target=_send_file, args=(server, content))
    sender.start()
    began = time.perf_counter()
    with near.entered():
        connection = socket.create_connection(server.getsockname())
    with connection:
        while connection.recv(1 << 20):
            pass
    sender.join()
    return Run(time.perf_counter() - began)


def _send_file(server: socket.socket, content: Path) -> None:
    with server:
        connection, _ = server.accept()
    with connection, content.open("rb") as file:
        connection.sendfile(file)


@contextmanager
def _captured(target: Path) -> Iterator[None]:
    """Record the packets of the network that this thread is in."""
    if shutil.which(_PACKETS[0]) is None:
        yield
        return
    with subprocess.Popen([*_PACKETS, str(target)], stderr=subprocess.DEVNULL) as dump:
        try:
            yield
        finally:
            dump.terminate()


def _run(near: End, far: End, leecher: ClientProcess, name: str, copies: Path) -> Run:
    run = Run()
    began = time.perf_counter()
    leecher.ok("download_file", GROUP, name, f"{copies}/")
    while True:
        transfer = leecher.transfer(GROUP, name)
        run.seconds = time.perf_counter() - began
        if transfer["state"] == "seeding" or run.seconds > _LIMIT:
            return run
        run.seen.append(
            {
                "at": round(run.seconds, 2),
                "transfer": transfer,
                "peers": leecher.ok("peers", GROUP, name)["peers"],
                "near": _sockets(near),
                "far": _sockets(far),
            }
        )
        time.sleep(_EVERY)


def _sockets(end: End) -> list[str]:
    """Return what the kernel says of the TCP connections at an end of the line."""
    if shutil.which("ss") is None:
        return []
    with end.entered():
        command = ["ss", "-tinOHom", "state", "established", "dst", "10.77.0.0/24"]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.splitlines()


if __name__ == "__main__":
    main()
