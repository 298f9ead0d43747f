"""The transfers that are compared: one seeding process, one downloading, on loopback.

Each function takes the content to send and an empty folder to work in, sets both sides up, and
measures from the downloader's start command until it reports the file complete.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks.meter import Sample, measuring
from benchmarks.ours import LIMIT, Ours
from tests.support.ports import free_port
from tests.support.programs.processes import ManagedProcess
from tests.support.stand_in_tracker import stand_in_tracker
from tests.support.stock.aria2 import Aria2
from tests.support.stock.libtorrent import Libtorrent
from tests.support.torrents import write_torrent
from tests.support.waiting import wait_until

POLL = 0.005
"""Seconds between two polls of a client."""


def bare(content: Path, folder: Path) -> Sample:
    """Socket, hash and write, without a protocol."""
    port = str(free_port())
    command = [sys.executable, "-m", "benchmarks.bare"]
    with (
        ManagedProcess([*command, "send", str(content), port]) as sender,
        ManagedProcess([*command, "receive", str(folder / "copy"), port]) as receiver,
    ):
        assert sender.output.next(LIMIT) == "ready", sender.story()
        assert receiver.output.next(LIMIT) == "ready", receiver.story()
        with measuring(sender.pid, receiver.pid, copied=content) as meter:
            receiver.send("go")
            assert receiver.output.next(LIMIT) == "done", receiver.story()
            return meter.stop()


def libtorrent_to_libtorrent(content: Path, folder: Path) -> Sample:
    """Both tuned as `tests/support/stock/libtorrent.py` says, dialled directly."""
    torrent = folder / "content.torrent"
    write_torrent(content, torrent)
    with Libtorrent() as seeder, Libtorrent() as leecher:
        return _between(seeder, leecher, torrent, content, folder)


def sealed_libtorrent_to_libtorrent(content: Path, folder: Path) -> Sample:
    """The same as an SSL torrent, with certificates of two members of a sealed group of ours."""
    with ExitStack() as stack:
        ours = Ours(stack, content, folder, sealed=True)
        ours.share()
        seeder, leecher = (
            stack.enter_context(Libtorrent(credentials=path)) for path in ours.credentials()
        )
        for member in (ours.seeder, ours.leecher):
            member.terminate()
        return _between(seeder, leecher, ours.torrent, content, folder / "copy")


def _between(
    seeder: Libtorrent, leecher: Libtorrent, torrent: Path, content: Path, folder: Path
) -> Sample:
    seeder.seed(torrent, content.parent)
    wait_until(lambda: seeder.is_complete(torrent), LIMIT, "libtorrent to seed")
    with measuring(seeder.pid, leecher.pid, copied=content) as meter:
        leecher.add(torrent, folder)
        leecher.connect(torrent, seeder.address)
        leecher.wait_complete(torrent, LIMIT)
        return meter.stop()


def aria2_to_aria2(content: Path, folder: Path) -> Sample:
    """aria2 in both roles, through a tracker that answers at once."""
    torrent = folder / "content.torrent"
    with stand_in_tracker("127.0.0.1") as announce, Aria2() as seeder, Aria2() as leecher:
        write_torrent(content, torrent, announce=announce)
        seeder.add(torrent, content.parent)
        wait_until(lambda: seeder.is_complete(torrent), LIMIT, "aria2 to seed")
        with measuring(seeder.pid, leecher.pid, copied=content) as meter:
            leecher.add(torrent, folder)
            wait_until(lambda: leecher.is_complete(torrent), LIMIT, "aria2", interval=POLL)
            return meter.stop()


def ours_to_ours(content: Path, folder: Path, *, sealed: bool = False, seeders: int = 1) -> Sample:
    """Through `python -m tracker` and a `python -m client` for each member."""
    with ExitStack() as stack:
        ours = Ours(stack, content, folder, sealed=sealed, seeders=seeders)
        ours.share()
        with measuring(*ours.pids, copied=content) as meter:
            ours.download()
            return meter.stop()


def ours_to_libtorrent(content: Path, folder: Path) -> Sample:
    """Our client seeds; libtorrent finds it through our tracker."""
    with ExitStack() as stack:
        ours = Ours(stack, content, folder)
        ours.share()
        leecher = stack.enter_context(Libtorrent())
        with measuring(ours.seeder.pid, leecher.pid, copied=content) as meter:
            leecher.add(ours.torrent, folder)
            leecher.wait_complete(ours.torrent, LIMIT)
            return meter.stop()


def libtorrent_to_ours(content: Path, folder: Path) -> Sample:
    """libtorrent seeds content that our first client shared before it quit."""
    with ExitStack() as stack:
        ours = Ours(stack, content, folder)
        ours.share()
        seeder = stack.enter_context(Libtorrent())
        seeder.seed(ours.torrent, content.parent)
        wait_until(lambda: ours.seeders() == 2, LIMIT, "libtorrent to have announced")
        ours.seeder.terminate()
        wait_until(lambda: ours.seeders() == 1, LIMIT, "our seeder to be gone")
        with measuring(seeder.pid, ours.leecher.pid, copied=content) as meter:
            ours.download()
            return meter.stop()
