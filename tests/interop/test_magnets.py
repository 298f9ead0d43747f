"""Magnet links with stock clients, both ways: nothing else changes hands."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.interop.test_group import NAME, SIZE, STOCK, has_seeders, lab_and, share
from tests.support.content import make_file, make_tree, sha256
from tests.support.programs.lab import GROUP, Lab
from tests.support.stock.aria2 import Aria2
from tests.support.stock.libtorrent import Libtorrent
from tests.support.stock.patience import wait_until
from tests.support.stock.transmission import Transmission

pytestmark = pytest.mark.interop


PARTS = {
    f"part {number:03d} of a film whose parts have long names.bin": 10_000 for number in range(300)
}
"""Enough of them for metadata of more than one piece."""


def test_each_stock_client_downloads_by_our_magnet_link(tmp_path: Path) -> None:
    content = make_tree(tmp_path / "seeded" / "film", PARTS)
    with lab_and(list(STOCK), tmp_path) as (_, ann, stock):
        ann.ok("upload_file", str(content), GROUP)
        link = ann.ok("magnet", GROUP, content.name)["magnet"]
        for name, client in zip(STOCK, stock, strict=True):
            client.add(link, tmp_path / name)
        for name, client in zip(STOCK, stock, strict=True):
            wait_until(partial(client.is_complete, link), 60, f"{name} to be complete")
            copy = tmp_path / name / content.name
            wait_until(partial(is_same, copy, content), 20, f"{name} to have written it all")


def is_same(copy: Path, content: Path) -> bool:
    """Whether two folders hold the same."""
    return sha256(copy) == sha256(content)


def test_our_client_downloads_by_a_stock_clients_magnet_link(tmp_path: Path) -> None:
    with lab_and(["libtorrent", "transmission"], tmp_path) as (lab, ann, stock):
        bob = lab.member("bob")
        links = []
        for client in stock:
            assert isinstance(client, Libtorrent | Transmission)
            content = make_file(tmp_path / "seeded" / f"of {type(client).__name__}.bin", SIZE)
            torrent = share(ann, content, tmp_path)
            client.add(torrent, content.parent)
            links.append((client.magnet(torrent), content))
        for _, content in links:
            wait_until(partial(has_seeders, lab, content, 2), 60, f"{content.name} to be announced")
        ann.terminate()
        for link, content in links:
            wait_until(partial(has_seeders, lab, content, 1), 60, "ann to be gone")
            assert bob.ok("get", link, str(tmp_path))["name"] == content.name
        for _, content in links:
            bob.wait_complete(GROUP, content.name)
            assert sha256(tmp_path / content.name) == sha256(content)


def test_an_unlisted_file_is_restored_from_a_peers_metadata(tmp_path: Path) -> None:
    """The tracker has forgotten it: only aria2 has its metadata."""
    content = make_file(tmp_path / "seeded" / NAME, SIZE)
    with Lab(tmp_path / "lab", is_open=True) as lab, Aria2() as aria2:
        ann, bob = lab.member("ann"), lab.member("bob")
        torrent = share(ann, content, tmp_path)
        link = bob.ok("magnet", GROUP, NAME)["magnet"]
        aria2.add(torrent, content.parent)
        wait_until(partial(aria2.is_complete, torrent), 30, "aria2 to seed")
        ann.ok("stop_share", GROUP, NAME)
        assert bob.ok("list_files", GROUP)["files"] == []
        bob.fails("no_such_file", "get", link, str(tmp_path))
        got = bob.ok("get", f"{link}&x.pe={aria2.address}", str(tmp_path))
        assert (got["group"], got["name"]) == (GROUP, NAME)
        aria2.announce(torrent)  # the tracker refused its announce before
        bob.wait_complete(GROUP, NAME)
        assert sha256(tmp_path / NAME) == sha256(content)
