"""Downloads over a line: ours, libtorrent's, and the same bytes over TCP without a protocol."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.line.networks import End, line
from benchmarks.line.shape import Shape
from benchmarks.ours import LIMIT
from tests.support.content import make_file
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess
from tests.support.stock.libtorrent import Libtorrent
from tests.support.torrents import write_torrent
from tests.support.waiting import wait_until

_CHUNK: Final = 1 << 20
_SMALL: Final = 1 << 20
"""Bytes of a file with short pieces (16 KiB): the first arrives before TCP has become quick."""


@dataclass(frozen=True)
class LineResult:
    """Goodput over a line in bytes a second, and the seconds until the first piece was verified."""

    shape: Shape
    tcp: float
    ours: float
    libtorrent: float
    first_piece: float

    @property
    def against_libtorrent(self) -> float:
        """Return our goodput as a multiple of libtorrent's."""
        return self.ours / self.libtorrent

    @property
    def round_trips(self) -> float:
        """Return the round trips until the first piece was verified."""
        return self.first_piece / self.shape.round_trip


def measure(shape: Shape, content: Path, folder: Path, seconds: float) -> LineResult:
    """Let each download the content over a line of its own, for at most so many seconds."""
    with line(shape) as (near, far):
        tcp = _tcp(near, far, seconds)
    with line(shape) as (near, far):
        libtorrent = _libtorrent(near, far, content, folder / "libtorrent", seconds)
    with line(shape) as (near, far):
        ours, first_piece = _ours(near, far, content, folder / "ours", seconds)
    return LineResult(shape, tcp, ours, libtorrent, first_piece)


class _Receiver(threading.Thread):
    """Counts what arrives until its connection is shut down."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(name="receiver")
        self._connection = connection
        self.count = 0

    def run(self) -> None:
        """Count."""
        buffer = bytearray(_CHUNK)
        with suppress(ConnectionError):
            while received := self._connection.recv_into(buffer):
                self.count += received


def _tcp(near: End, far: End, seconds: float) -> float:
    with far.entered():
        server = socket.create_server((far.host, 0))
    with near.entered():
        connection = socket.create_connection(server.getsockname())
    receiver, sender = _Receiver(connection), threading.Thread(target=_send_on, args=(server,))
    receiver.start()
    sender.start()
    try:
        return goodput(lambda: receiver.count, sys.maxsize, seconds, time.perf_counter)
    finally:
        connection.shutdown(socket.SHUT_RDWR)
        receiver.join()
        connection.close()
        sender.join()


def _send_on(server: socket.socket) -> None:
    """Send to the first connection until it is closed."""
    chunk = bytes(_CHUNK)
    with server:
        connection, _ = server.accept()
    with connection, suppress(ConnectionError):
        while True:
            connection.sendall(chunk)


def _libtorrent(near: End, far: End, content: Path, folder: Path, seconds: float) -> float:
    folder.mkdir(parents=True)
    torrent = folder / "content.torrent"
    write_torrent(content, torrent)
    size = content.stat().st_size
    with far.entered(), Libtorrent(far.host) as seeder, near.entered():
        seeder.seed(torrent, content.parent)
        wait_until(lambda: seeder.is_complete(torrent), LIMIT, "libtorrent to seed")
        with Libtorrent(near.host) as leecher:
            leecher.add(torrent, folder)
            leecher.connect(torrent, seeder.address)

            def arrived() -> int:
                return int(size * leecher.status(torrent)["progress"])

            return goodput(arrived, size, seconds, time.perf_counter)


def _ours(near: End, far: End, content: Path, folder: Path, seconds: float) -> tuple[float, float]:
    """Return the goodput, and the seconds until the first piece of a small file.

    The tracker is at the far end, with the seeder.
    """
    size = content.stat().st_size
    with far.entered(), Lab(folder, host=far.host, is_open=True) as lab:
        lab.member("seeder")
        small = make_file(folder / "small.bin", _SMALL)
        share(lab, small)
        share(lab, content)
        with near.entered():
            leecher = lab.member("leecher", host=near.host)
        began = time.perf_counter()
        leecher.ok("download_file", GROUP, small.name, f"{folder}/copies/")
        wait_until(lambda: leecher.transfer(GROUP, small.name)["done"], LIMIT, interval=0.002)
        first_piece = time.perf_counter() - began
        leecher.wait_complete(GROUP, small.name)
        leecher.ok("download_file", GROUP, content.name, f"{folder}/copies/")

        def arrived() -> int:
            return _arrived(leecher, content.name, size)

        return goodput(arrived, size, seconds, time.perf_counter), first_piece


def share(lab: Lab, path: Path) -> None:
    """Share a file as the first member; return when others can find it."""
    lab.members[0].ok("upload_file", str(path), GROUP, timeout=LIMIT)
    wait_until(lambda: lab.seeders(path.name) == 1, LIMIT, f"{path.name} to be seeded")


def goodput(
    arrived: Callable[[], int],
    size: int,
    seconds: float,
    clock: Callable[[], float],
    poll: float = 0.1,
) -> float:
    """Return the bytes a second in the second half of `seconds` from now, or until all are there.

    `arrived` counts the bytes, every `poll` seconds. The first half is for getting up to speed; it
    lasts until some have arrived. Raises AssertionError if none do.
    """
    began = clock()
    first, first_at = 0, began
    while True:
        count, now = arrived(), clock()
        if count >= size or (first and now - first_at >= seconds / 2):
            return (count - first) / (now - first_at)
        if not first and count and now - began >= seconds / 2:
            first, first_at = count, now
        assert now - began < LIMIT, f"{count} bytes arrived in {LIMIT:g} s"
        time.sleep(poll)


def _arrived(client: ClientProcess, name: str, size: int) -> int:
    """Return the payload bytes that have arrived, verified or not."""
    if client.transfer(GROUP, name)["state"] == "seeding":
        return size
    peers = client.ok("peers", GROUP, name)["peers"]
    return sum(int(peer["downloaded"]) for peer in peers)
