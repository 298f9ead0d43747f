"""Shared content arrives unchanged, through the real commands.

Content of every shape is tried inside one process, in `client/test_content.py`.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.content import make_file, make_tree, sha256
from tests.support.programs.lab import GROUP, Lab
from tests.support.waiting import wait_until


def test_files_and_folders_arrive_identical(tmp_path: Path) -> None:
    contents = [
        make_file(tmp_path / "empty", 0),
        make_file(tmp_path / "with  two spaces", 1),
        make_file(tmp_path / "Grüße 東京.bin", 60_000_001),
        make_file(tmp_path / 'quote\'s "x".bin', 16 * 1024),
        make_tree(tmp_path / "-folder", {"a/one": 5000, "a/b c/empty": 0, "ö": 70_000}),
    ]
    with Lab(tmp_path / "lab") as lab:
        ann, bob = lab.member("ann"), lab.member("bob")
        for content in contents:
            ann.ok("upload_file", str(content), GROUP)
            copy = bob.download(GROUP, content.name, tmp_path / "copies")
            assert copy == tmp_path / "copies" / content.name
            assert sha256(copy) == sha256(content)

        def all_seed() -> bool:
            listed = {row["name"]: row["seeders"] for row in bob.ok("list_files", GROUP)["files"]}
            return listed == {content.name: 2 for content in contents}

        wait_until(all_seed, what="both to seed everything")


def test_a_metainfo_file_is_enough_to_get_the_content(tmp_path: Path) -> None:
    content = make_file(tmp_path / "by metainfo.bin", 100_000)
    torrent = tmp_path / "it.torrent"
    with Lab(tmp_path / "lab") as lab:
        ann, bob = lab.member("ann"), lab.member("bob")
        shared = ann.ok("share", str(content), str(torrent), GROUP)
        got = bob.ok("get", str(torrent), str(tmp_path / "copy.bin"))
        assert got["info_hash"] == shared["info_hash"]
        bob.wait_complete(GROUP, content.name)
        assert sha256(tmp_path / "copy.bin") == sha256(content)
