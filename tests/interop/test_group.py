"""Stock clients take part in an open group, through our tracker's announce, with our client."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import bencode2
import pytest

from tests.integration.tracker.sessions import SessionClient
from tests.support.content import make_file, make_tree, sha256
from tests.support.needs import require
from tests.support.network.namespace import private_network
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess
from tests.support.stock import StockClient
from tests.support.stock.aria2 import Aria2
from tests.support.stock.libtorrent import Libtorrent
from tests.support.stock.patience import wait_until
from tests.support.stock.transmission import Transmission
from tests.support.torrents import write_padded

SIZE = 5_000_000
NAME = "film.bin"

pytestmark = pytest.mark.interop

Start = Callable[[str, Path], AbstractContextManager[StockClient]]

STOCK: dict[str, Start] = {
    "libtorrent": lambda host, _: Libtorrent(host),
    "aria2": lambda host, _: Aria2(host),
    "transmission": lambda host, folder: Transmission(folder, host),
}


@contextmanager
def lab_and(
    names: list[str], folder: Path
) -> Iterator[tuple[Lab, ClientProcess, list[StockClient]]]:
    """A group, its creator and these stock clients, in a private network."""
    require("aria2c", "transmission-daemon", "ip", network=True)
    with ExitStack() as stack:
        hosts = stack.enter_context(private_network())
        lab = stack.enter_context(Lab(folder / "lab", next(hosts), is_open=True))
        founder = lab.member("ann")
        clients = [
            stack.enter_context(STOCK[name](next(hosts), folder / f"settings-{name}"))
            for name in names
        ]
        yield lab, founder, clients


def share(person: ClientProcess, content: Path, folder: Path) -> Path:
    """Share a file as a person and write its metainfo."""
    torrent = folder / f"{content.name}.torrent"
    person.ok("share", str(content), str(torrent), GROUP)
    return torrent


def has_seeders(lab: Lab, content: Path, count: int) -> bool:
    """Return whether the group's list shows this many seeders."""
    return lab.seeders(content.name) == count


def wait_written(copy: Path, content: Path) -> None:
    """Wait until a copy is intact: some clients report completion before the last write."""
    wait_until(lambda: sha256(copy) == sha256(content), 20, f"{copy} to have been written")


def scrape(torrent: Path, info_hash: str) -> dict[str, int]:
    """Return our tracker's answer to a scrape at the URL implied by the announce URL."""
    announce = bencode2.bdecode(torrent.read_bytes())[b"announce"].decode()
    query = quote_from_bytes(bytes.fromhex(info_hash))
    url = announce.replace("/announce/", "/scrape/") + f"?info_hash={query}"
    with urllib.request.urlopen(url, timeout=10) as reply:
        files: dict[bytes, Any] = bencode2.bdecode(reply.read())[b"files"]
    return {key.decode(): value for key, value in files[bytes.fromhex(info_hash)].items()}


def test_each_stock_client_downloads_from_ours(tmp_path: Path) -> None:
    with lab_and(list(STOCK), tmp_path) as (_, ann, stock):
        waiting = []
        for name, client in zip(STOCK, stock, strict=True):
            content = make_file(tmp_path / f"for {name}.bin", SIZE)
            torrent = share(ann, content, tmp_path)
            client.add(torrent, tmp_path / "copies")
            waiting.append((name, client, torrent, content))
        for name, client, torrent, content in waiting:
            wait_until(partial(client.is_complete, torrent), 60, f"{name} to be complete")
            wait_written(tmp_path / "copies" / content.name, content)

        def is_counted() -> bool:
            return all(row["uploaded"] >= SIZE for row in ann.ok("show_shares")["shares"])

        wait_until(is_counted, what="ann to count her upload")


def test_our_client_downloads_from_each_stock_client(tmp_path: Path) -> None:
    with lab_and(list(STOCK), tmp_path) as (lab, ann, stock):
        bob = lab.member("bob")
        contents = []
        for name, client in zip(STOCK, stock, strict=True):
            content = make_file(tmp_path / "seeded" / f"from {name}.bin", SIZE)
            client.add(share(ann, content, tmp_path), content.parent)
            contents.append(content)
        for content in contents:
            wait_until(partial(has_seeders, lab, content, 2), 60, f"{content.name} to be announced")
        ann.terminate()
        for content in contents:
            wait_until(partial(has_seeders, lab, content, 1), 60, "ann to be gone")
            bob.ok("download_file", GROUP, content.name, str(tmp_path))
        for content in contents:
            bob.wait_complete(GROUP, content.name)
            assert sha256(tmp_path / content.name) == sha256(content)


def test_all_stock_clients_in_one_swarm(tmp_path: Path) -> None:
    content = make_file(tmp_path / NAME, SIZE)
    with lab_and(list(STOCK), tmp_path) as (lab, ann, stock):
        bob = lab.member("bob")
        torrent = share(ann, content, tmp_path)
        (row,) = ann.ok("list_files", GROUP)["files"]
        alone = {"complete": 1, "downloaded": 0, "incomplete": 0}
        wait_until(lambda: scrape(torrent, row["info_hash"]) == alone, what="ann to be announced")
        for number, client in enumerate(stock):
            client.add(torrent, tmp_path / f"copy-{number}")
        copy = bob.download(GROUP, NAME, tmp_path / "copy-bob")
        assert sha256(copy) == sha256(content)
        for number, client in enumerate(stock):
            wait_until(partial(client.is_complete, torrent), 60, f"{client!r} to be complete")
            wait_written(tmp_path / f"copy-{number}" / NAME, content)
        wait_until(
            lambda: (
                scrape(torrent, row["info_hash"])
                == {"complete": 5, "downloaded": 4, "incomplete": 0}
            ),
            30,
            "the scrape to count everyone",
        )


def test_a_folder_in_both_directions(tmp_path: Path) -> None:
    sizes = {"a/one.bin": 1_000_000, "a/empty": 0, "b ö/two.bin": 700_001, "three": 1}
    folder = make_tree(tmp_path / "seeded" / "photos", sizes)
    with Lab(tmp_path / "lab", is_open=True) as lab, Libtorrent() as libtorrent:
        ann, bob = lab.member("ann"), lab.member("bob")
        torrent = share(ann, folder, tmp_path)
        libtorrent.add(torrent, tmp_path / "copy")
        wait_until(partial(libtorrent.is_complete, torrent), 60, "libtorrent to be complete")
        wait_written(tmp_path / "copy" / "photos", folder)
        ann.terminate()
        assert sha256(bob.download(GROUP, "photos", tmp_path / "bob's")) == sha256(folder)


def test_a_partial_selection_is_uploaded_to_a_stock_client(tmp_path: Path) -> None:
    sizes = {"a": 300_000, "b/film.mkv": 900_000, "c": 300_000}
    folder = make_tree(tmp_path / "seeded" / "trip", sizes)
    with Lab(tmp_path / "lab", is_open=True) as lab, Libtorrent() as libtorrent:
        ann, bob = lab.member("ann"), lab.member("bob")
        torrent = share(ann, folder, tmp_path)
        bob.ok("download_file", GROUP, "trip", str(tmp_path / "bob"), "--only", "*.mkv")
        bob.wait_complete(GROUP, "trip")
        ann.ok("pause", GROUP, "trip")
        libtorrent.add(torrent, tmp_path / "copy")
        part = sizes["b/film.mkv"] / sum(sizes.values())

        def has_the_part() -> bool:
            status = libtorrent.status(torrent)
            return part <= status["progress"] < 1 and not status["complete"]

        wait_until(has_the_part, 60, "libtorrent to have what bob has")
        assert lab.seeders("trip") == 0
        ann.ok("resume", GROUP, "trip")
        wait_until(partial(libtorrent.is_complete, torrent), 60, "libtorrent to be complete")
        wait_written(tmp_path / "copy" / "trip", folder)


def test_padded_content_arrives_without_padding_and_is_shared(tmp_path: Path) -> None:
    content = {"one": b"1" * 20_000, "d/two": b"2" * 700_000, "three": b"3" * 5}
    make = tmp_path / "seeded" / "padded"
    for path, data in content.items():
        (make / path).parent.mkdir(parents=True, exist_ok=True)
        (make / path).write_bytes(data)
    with lab_and(["libtorrent", "transmission"], tmp_path) as (lab, ann, stock):
        bob, torrent = lab.member("bob"), tmp_path / "padded.torrent"
        model = share(ann, make_file(tmp_path / "model.bin", 1000), tmp_path)
        write_padded(model, torrent, content, 32 * 1024)
        with SessionClient(lab.tracker.address) as session:
            session.login("ann")
            session.offer(GROUP, "padded", torrent.read_bytes())
        libtorrent, transmission = stock
        libtorrent.add(torrent, make.parent)
        wait_until(partial(has_seeders, lab, make, 1), 60, "libtorrent to seed")
        bob.ok("get", str(torrent), str(tmp_path / "bobs"))
        bob.wait_complete(GROUP, "padded")
        got = tmp_path / "bobs"
        found = {str(p.relative_to(got)): p.read_bytes() for p in got.rglob("*") if p.is_file()}
        assert found == content
        assert isinstance(libtorrent, Libtorrent)
        libtorrent.close()
        transmission.add(torrent, tmp_path / "theirs")
        wait_until(partial(transmission.is_complete, torrent), 60, "transmission to be complete")
        for path in content:
            wait_written(tmp_path / "theirs" / "padded" / path, make / path)
