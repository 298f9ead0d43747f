"""Drivers of stock clients, tried on stock clients alone: none of our code is on the wire here, so
that a failure of the other interoperability tests points at us.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.interop.test_group import wait_written
from tests.support.content import make_file
from tests.support.needs import require
from tests.support.stand_in_tracker import stand_in_tracker
from tests.support.stock import StockClient
from tests.support.stock.aria2 import Aria2
from tests.support.stock.libtorrent import Libtorrent
from tests.support.stock.patience import wait_until
from tests.support.torrents import write_torrent

SIZE = 3_000_000

pytestmark = pytest.mark.interop


def exchange(one: StockClient, other: StockClient, announce: str, folder: Path) -> None:
    """Each client seeds a file and downloads the other's, at the same time."""
    running = []
    for number, (seeder, leecher) in enumerate([(one, other), (other, one)]):
        content = make_file(folder / f"seeded-{number}" / f"{number}.bin", SIZE, seed=number)
        torrent = folder / f"{number}.torrent"
        write_torrent(content, torrent, announce=announce)
        seeder.add(torrent, content.parent)
        wait_until(partial(seeder.is_complete, torrent), 30, "the seeder to be ready")
        copy = folder / f"copied-{number}"
        copy.mkdir()
        running.append((leecher, torrent, copy, content))
    for leecher, torrent, copy, _ in running:
        leecher.add(torrent, copy)
    for leecher, torrent, copy, content in running:
        wait_until(partial(leecher.is_complete, torrent), 60, f"{content.name} to arrive")
        wait_written(copy / content.name, content)


def test_aria2_and_libtorrent_in_both_directions(tmp_path: Path) -> None:
    require("aria2c")
    with stand_in_tracker("127.0.0.1") as announce, Aria2() as aria2, Libtorrent() as libtorrent:
        exchange(aria2, libtorrent, announce, tmp_path)
