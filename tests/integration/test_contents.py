"""Everything that people share arrives as it was, through real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.content import make_file, make_sparse_file, make_tree, sha256
from tests.support.lab import GROUP, Lab

PIECE = 16 * 1024
"""What a small file is cut into."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        lab.member("ann")
        lab.member("bob")
        yield lab


def travel(lab: Lab, content: Path, to: Path) -> dict[str, object]:
    """Share in one client, download in the other, compare; what the upload answered."""
    ann, bob = lab.members
    row = ann.ok("upload_file", str(content), GROUP)
    copy = bob.download(GROUP, content.name, to)
    assert copy == to / content.name
    assert sha256(copy) == sha256(content)
    return row


@pytest.mark.parametrize(
    ("size", "pieces"),
    [(0, 0), (1, 1), (PIECE - 1, 1), (PIECE, 1), (PIECE + 1, 2), (60_000_001, 115)],
)
def test_files_of_every_size(lab: Lab, tmp_path: Path, size: int, pieces: int) -> None:
    content = make_file(tmp_path / f"{size} bytes.bin", size, seed=size)
    row = travel(lab, content, tmp_path / "copy")
    assert (row["size"], row["pieces"]) == (size, pieces)


@pytest.mark.parametrize(
    "name", ["with  two spaces", "Грüße 東京.txt", "-dash", 'quote\'s "x".bin']
)
def test_names_of_every_kind(lab: Lab, tmp_path: Path, name: str) -> None:
    travel(lab, make_file(tmp_path / name, 1000), tmp_path / "copy")


def test_a_folder_of_500_files(lab: Lab, tmp_path: Path) -> None:
    sizes = {f"album {n % 7}/part {n % 3}/{n:03} ü.jpg": n * 37 % 9000 for n in range(500)}
    tree = make_tree(tmp_path / "photos", sizes | {"empty": 0, "deep/er/still/x": PIECE})
    travel(lab, tree, tmp_path / "copy")


def test_a_sparse_file_beyond_4_gib_is_cut_and_counted_right(lab: Lab, tmp_path: Path) -> None:
    size = 4 * 1024**3 + 12_345
    row = lab.members[0].ok(
        "upload_file", str(make_sparse_file(tmp_path / "sparse.img", size)), GROUP, timeout=60
    )
    assert row["size"] == size
    lab.members[0].ok("stop_share", GROUP, "sparse.img")


def test_a_metainfo_file_is_enough_to_get_the_content(lab: Lab, tmp_path: Path) -> None:
    ann, bob = lab.members
    content = make_file(tmp_path / "by metainfo.bin", 100_000)
    torrent = tmp_path / "it.torrent"
    shared = ann.ok("share", str(content), str(torrent), GROUP)
    got = bob.ok("get", str(torrent), str(tmp_path / "copy.bin"))
    assert got["info_hash"] == shared["info_hash"]
    bob.wait_complete(GROUP, content.name)
    assert sha256(tmp_path / "copy.bin") == sha256(content)
