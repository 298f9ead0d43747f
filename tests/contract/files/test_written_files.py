"""Commands that write replace only files that they wrote."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.contract.sharing import info_hash
from tests.support.programs.processes import ClientProcess


# --- metainfo ---------------------------------------------------------------------------------
def test_share_never_replaces_another_file(ann: ClientProcess, group: str, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    film.write_bytes(b"a film" * 1000)
    for torrent in (film, "/dev/null"):
        message = ann.fails("file_exists", "share", str(film), str(torrent), group)
        assert "choose another name" in message
    assert film.read_bytes() == b"a film" * 1000
    target, link = tmp_path / "target", tmp_path / "link.torrent"
    target.write_bytes(b"precious")
    link.symlink_to(target)
    os.mkfifo(tmp_path / "pipe.torrent")
    for torrent in (link, tmp_path / "pipe.torrent"):
        ann.fails("file_exists", "share", str(film), str(torrent), group)
    assert target.read_bytes() == b"precious"
    assert link.is_symlink()
    # Refused before anything is shared.
    assert ann.ok("list_files", group)["files"] == []
    assert {path.name for path in tmp_path.iterdir()} == {
        "film.mkv",
        "target",
        "link.torrent",
        "pipe.torrent",
    }


def test_only_metainfo_of_the_same_content_is_overwritten(
    ann: ClientProcess, group: str, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"1" * 40_000)
    two.write_bytes(b"2" * 40_000)
    torrent = tmp_path / "one.torrent"
    hashed = ann.ok("share", str(one), str(torrent), group)["info_hash"]
    written = torrent.read_bytes()
    assert ann.ok("share", str(one), str(torrent), group)["info_hash"] == hashed
    ann.fails("file_exists", "share", str(two), str(torrent), group)
    assert torrent.read_bytes() == written
    assert info_hash(torrent) == hashed
    assert [row["name"] for row in ann.ok("list_files", group)["files"]] == ["one"]


# --- credentials ------------------------------------------------------------------------------
NAMES = ("certificate.pem", "key.pem", "dhparams.pem")


def test_an_export_replaces_an_earlier_one_of_the_same_user_and_group(
    ann: ClientProcess, group: str, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    ann.ok("export_credentials", group, str(folder))
    first = {name: (folder / name).read_bytes() for name in NAMES}
    ann.ok("export_credentials", group, str(folder))
    second = {name: (folder / name).read_bytes() for name in NAMES}
    assert first["key.pem"] != second["key.pem"]
    assert {path.name for path in folder.iterdir()} == set(NAMES)
    (folder / "key.pem").unlink()  # as if it had been killed in between
    ann.ok("export_credentials", group, str(folder))
    assert (folder / "key.pem").exists()


@pytest.mark.parametrize("name", NAMES)
def test_an_export_never_replaces_another_file(
    ann: ClientProcess, group: str, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"another server's")
    message = ann.fails("file_exists", "export_credentials", group, str(tmp_path))
    assert name in message
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"another server's"


def test_an_export_never_replaces_that_of_another_user_or_group(
    ann: ClientProcess, bob: ClientProcess, group: str, tmp_path: Path
) -> None:
    bob.ok("export_credentials", group, str(tmp_path))
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    ann.fails("file_exists", "export_credentials", group, str(tmp_path))
    ann.ok("create_group", f"other-{group}")
    ann.fails("file_exists", "export_credentials", f"other-{group}", str(tmp_path))
    # A key that doesn't match the certificate beside it is not ours.
    mine = tmp_path / "mine"
    ann.ok("export_credentials", group, str(mine))
    shutil.copyfile(tmp_path / "key.pem", mine / "key.pem")
    ann.fails("file_exists", "export_credentials", group, str(mine))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == kept
    assert (mine / "key.pem").read_bytes() == kept["key.pem"]


def test_an_export_follows_no_link(ann: ClientProcess, group: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "dhparams.pem").symlink_to(target)
    ann.fails("file_exists", "export_credentials", group, str(folder))
    assert target.read_bytes() == b"precious"
