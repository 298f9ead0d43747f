"""A member whose content is only in a stock client publishes metainfo that other tools made."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import libtorrent as lt
import pytest

from tests.interop.test_group import has_seeders, lab_and, wait_written
from tests.support.content import make_file, make_tree, sha256
from tests.support.needs import require
from tests.support.programs.lab import GROUP, Lab
from tests.support.stock.libtorrent import Libtorrent
from tests.support.stock.patience import wait_until
from tests.support.stock.qbittorrent import QBittorrent

OTHER = "http://other.example/announce/theirs"
PIECE = 32 * 1024
SIZES = {"d/two": 700_000, "one": 20_000, "three": 5, "empty": 0}

pytestmark = pytest.mark.interop


def by_mktorrent(content: Path, torrent: Path) -> None:
    command = ["mktorrent", "-a", OTHER, "-l", "15", "-w", "http://web.example/", "-c", "made"]
    subprocess.run([*command, "-o", torrent, content], check=True, capture_output=True)


def by_libtorrent(content: Path, torrent: Path, *, flags: int = lt.create_torrent.v1_only) -> None:
    files = lt.file_storage()
    lt.add_files(files, str(content))
    made = lt.create_torrent(files, PIECE, flags)
    made.add_tracker(OTHER)
    made.add_node("router.example", 6881)
    lt.set_piece_hashes(made, str(content.parent))
    torrent.write_bytes(lt.bencode(made.generate()))


hybrid = partial(by_libtorrent, flags=0)
"""As qBittorrent makes them: both versions, files padded to whole pieces."""

TOOLS: dict[str, Callable[[Path, Path], None]] = {
    "by mktorrent": by_mktorrent,
    "by libtorrent": by_libtorrent,
    "hybrid": hybrid,
}


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder, by their paths in it."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
@pytest.mark.parametrize("tool", TOOLS)
def test_a_stock_client_seeds_what_it_published(tool: str, tmp_path: Path) -> None:
    require("mktorrent", "qbittorrent-nox")
    with lab_and(["libtorrent", "transmission", "aria2"], tmp_path) as (lab, ann, stock):
        bob, seeder = lab.member("bob"), stock[0]
        folder = make_tree(tmp_path / "hers" / "album", SIZES)
        film = make_file(tmp_path / "hers" / "film.bin", 3_000_000)
        originals = [tmp_path / "album.torrent", tmp_path / "film.torrent"]
        for content, original in zip((folder, film), originals, strict=True):
            TOOLS[tool](content, original)
            published = Path(ann.ok("publish", str(original), GROUP)["metainfo"])
            seeder.add(published, content.parent)
        for content in (folder, film):
            wait_until(partial(has_seeders, lab, content, 1), 60, "it to be announced")
            copy = bob.download(GROUP, content.name, tmp_path / "bob's")
            assert sha256(copy) == sha256(content)
        assert contents(tmp_path / "bob's" / "album") == contents(folder), "no padding is written"
        for client in stock[1:]:
            theirs = tmp_path / f"{client!r}".replace("/", "_")[-40:]
            theirs.mkdir()
            torrent = Path(bob.ok("metainfo", GROUP, "album", str(theirs))["metainfo"])
            client.add(torrent, theirs)
            wait_until(partial(client.is_complete, torrent), 60, f"{client!r} to be complete")
            for path in SIZES:
                wait_written(theirs / "album" / path, folder / path)


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_who_has_padded_content_shares_it_without_padding(tmp_path: Path) -> None:
    folder = make_tree(tmp_path / "hers" / "album", SIZES)
    hybrid(folder, tmp_path / "album.torrent")
    with Lab(tmp_path / "lab", is_open=True) as lab, Libtorrent() as libtorrent:
        ann = lab.member("ann")
        published = ann.ok("publish", str(tmp_path / "album.torrent"), GROUP)
        shared = ann.ok("upload_file", str(folder), GROUP)
        assert shared["info_hash"] == published["info_hash"]
        libtorrent.add(Path(published["metainfo"]), tmp_path / "copy")
        done = partial(libtorrent.is_complete, Path(published["metainfo"]))
        wait_until(done, 60, "libtorrent to be complete")
        wait_until(lambda: contents(tmp_path / "copy" / "album") == contents(folder), 20)
        assert set(contents(folder)) == set(SIZES)


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_a_hybrid_is_published_in_a_sealed_group(tmp_path: Path) -> None:
    folder = make_tree(tmp_path / "hers" / "album", SIZES)
    hybrid(folder, tmp_path / "album.torrent")
    with Lab(tmp_path / "lab") as lab:
        ann, bob = lab.member("ann"), lab.member("bob")
        published = Path(ann.ok("publish", str(tmp_path / "album.torrent"), GROUP)["metainfo"])
        ann.ok("export_credentials", GROUP, str(tmp_path / "ann's"))
        with Libtorrent(credentials=tmp_path / "ann's") as libtorrent:
            libtorrent.add(published, folder.parent)
            wait_until(lambda: lab.seeders("album") == 1, 60, "libtorrent to be announced")
            bob.download(GROUP, "album", tmp_path / "bob's")
        assert contents(tmp_path / "bob's" / "album") == contents(folder)


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_qbittorrent_seeds_what_its_user_published(tmp_path: Path) -> None:
    require("qbittorrent-nox")
    folder = make_tree(tmp_path / "hers" / "album", SIZES)
    hybrid(folder, tmp_path / "album.torrent")
    with Lab(tmp_path / "lab", is_open=True) as lab:
        ann, bob = lab.member("ann"), lab.member("bob")
        published = Path(ann.ok("publish", str(tmp_path / "album.torrent"), GROUP)["metainfo"])
        ann.terminate()  # her key stays valid: another program needs it
        with QBittorrent(tmp_path / "settings", "127.0.0.1") as client:
            client.add(published, folder.parent)
            wait_until(lambda: lab.seeders("album") == 1, 60, "qBittorrent to be announced")
            bob.download(GROUP, "album", tmp_path / "bob's")
        assert contents(tmp_path / "bob's" / "album") == contents(folder)
