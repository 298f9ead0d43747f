"""Metainfo files and magnet links through real processes: each result, and each error."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import bencode2
import pytest

from tests.contract.sharing import info_hash
from tests.support.content import make_file
from tests.support.programs.processes import ClientProcess
from tests.support.torrents import write_torrent


# --- metainfo files ---------------------------------------------------------------------------
@pytest.mark.parametrize("ending", [".torrent", ".mtorrent", ""])
def test_share_get_and_remove(
    ann: ClientProcess, bob: ClientProcess, group: str, tmp_path: Path, ending: str
) -> None:
    path, torrent = tmp_path / "shared.bin", tmp_path / f"shared{ending}"
    path.write_bytes(b"y" * 50_000)
    result = ann.ok("share", str(path), str(torrent), group)
    assert result == {
        "metainfo": str(torrent),
        "group": group,
        "name": path.name,
        "info_hash": info_hash(torrent),
    }
    again = tmp_path / "again.torrent"
    assert ann.ok("share", str(path), str(again), group)["info_hash"] == result["info_hash"]
    assert info_hash(again) == info_hash(torrent)
    out = tmp_path / "out"
    out.mkdir()
    assert bob.ok("get", str(torrent), str(out)) == {
        "group": group,
        "name": path.name,
        "destination": str(out / path.name),
        "info_hash": result["info_hash"],
    }
    bob.wait_complete(group, path.name)
    assert (out / path.name).read_bytes() == path.read_bytes()
    for who in (ann, bob):
        assert who.ok("remove", str(torrent)) == {"group": group, "name": path.name}
    assert "no longer shared" in bob.fails("no_such_file", "get", str(torrent), str(out))
    ann.fails("no_such_file", "remove", str(torrent))


def test_metainfo_needs_a_writable_destination(
    ann: ClientProcess, eve: ClientProcess, shared: Path, group: str, tmp_path: Path
) -> None:
    torrent = str(tmp_path / "a.torrent")
    ann.fails("file_not_found", "share", str(tmp_path / "nowhere"), torrent, group)
    ann.fails("file_not_found", "share", str(shared), str(tmp_path / "no" / "where"), group)
    eve.fails("not_member", "share", str(shared), torrent, group)
    folder = tmp_path / "folder"
    folder.mkdir()
    written = ann.ok("share", str(shared), str(folder), group)["metainfo"]
    assert written == str(folder / f"{shared.name}.torrent")


def test_damaged_metainfo(ann: ClientProcess, shared: Path, group: str, tmp_path: Path) -> None:
    whole = tmp_path / "whole.torrent"
    ann.ok("share", str(shared), str(whole), group)
    data = whole.read_bytes()
    info = bencode2.bdecode(data)[b"info"]
    damaged = {
        "garbage": b"this is no metainfo",
        "empty": b"",
        "cut": data[:-10],
        "hashes": bencode2.bencode({b"info": {**info, b"pieces": info[b"pieces"][:-1]}}),
        "no length": bencode2.bencode({b"info": {b"name": b"x", b"pieces": b""}}),
    }
    for name, content in damaged.items():
        torrent = tmp_path / name
        torrent.write_bytes(content)
        ann.fails("usage", "get", str(torrent), str(tmp_path))
        ann.fails("usage", "remove", str(torrent))
    ann.fails("file_not_found", "get", str(tmp_path / "nowhere"), str(tmp_path))
    ann.fails("file_not_found", "remove", str(tmp_path / "nowhere"))


def test_foreign_metainfo(ann: ClientProcess, group: str, tmp_path: Path) -> None:
    torrent = tmp_path / "foreign.torrent"
    write_torrent(make_file(tmp_path / "foreign.bin", 10_000), torrent, announce="http://a/b")
    message = ann.fails("no_such_file", "get", str(torrent), str(tmp_path / "out"))
    assert "not made for a group" in message
    ann.fails("no_such_file", "remove", str(torrent))
    assert not (tmp_path / "out").exists()


def test_metainfo_of_a_group_without_the_user(
    ann: ClientProcess, eve: ClientProcess, shared: Path, group: str, tmp_path: Path
) -> None:
    torrent = tmp_path / "a.torrent"
    ann.ok("share", str(shared), str(torrent), group)
    message = eve.fails("not_member", "get", str(torrent), str(tmp_path / "out"))
    assert "a group that you are not in" in message
    eve.fails("not_member", "remove", str(torrent))
    # The answer is the same if one of the user's groups has its content: that is another file.
    copy = tmp_path / "copy" / shared.name
    copy.parent.mkdir()
    copy.write_bytes(shared.read_bytes())
    eve.ok("create_group", f"copies-{group}")
    eve.ok("upload_file", str(copy), f"copies-{group}")
    eve.fails("not_member", "get", str(torrent), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


# --- magnet links -----------------------------------------------------------------------------
def test_magnet_and_get(
    ann: ClientProcess, bob: ClientProcess, shared: Path, group: str, tmp_path: Path
) -> None:
    hashed = ann.ok("list_files", group)["files"][0]["info_hash"]
    result = ann.ok("magnet", group, shared.name)
    assert list(result) == ["magnet"]
    link = urlsplit(result["magnet"])
    fields = parse_qs(link.query)
    assert (link.scheme, list(fields)) == ("magnet", ["xt", "dn", "tr"])
    assert fields["xt"] == [f"urn:btih:{hashed}"]
    assert fields["dn"] == [shared.name]
    torrent = tmp_path / "a.torrent"
    ann.ok("share", str(shared), str(torrent), group)
    assert fields["tr"] == [bencode2.bdecode(torrent.read_bytes())[b"announce"].decode()]
    assert bob.ok("magnet", group, shared.name) != result  # each user has a different key
    assert bob.ok("get", result["magnet"], str(tmp_path / "out")) == {
        "group": group,
        "name": shared.name,
        "destination": str(tmp_path / "out"),
        "info_hash": hashed,
    }
    bob.wait_complete(group, shared.name)
    assert (tmp_path / "out").read_bytes() == shared.read_bytes()


def test_links_from_other_programs(
    ann: ClientProcess, bob: ClientProcess, shared: Path, group: str, tmp_path: Path
) -> None:
    """In base32, with an unquoted tracker, with unknown parameters."""
    digest = bytes.fromhex(ann.ok("list_files", group)["files"][0]["info_hash"])
    code = base64.b32encode(digest).decode().lower()
    link = f"Magnet:?dn=x&xt=urn:btih:{code}&tr=udp://tracker.invalid:1/announce&x.pe=h:0&new=1"
    assert bob.ok("get", link, str(tmp_path))["name"] == shared.name


def test_magnet_errors(
    ann: ClientProcess, eve: ClientProcess, shared: Path, group: str, tmp_path: Path
) -> None:
    ann.fails("no_such_file", "magnet", group, "nothing")
    ann.fails("no_such_group", "magnet", "of-nobody", shared.name)
    eve.fails("not_member", "magnet", group, shared.name)
    for damaged in ("magnet:?xt=urn:btih:123", "magnet:?dn=film", "magnet:"):
        ann.fails("usage", "get", damaged, str(tmp_path))
    ann.fails("no_such_file", "get", f"magnet:?xt=urn:btih:{'ab' * 20}", str(tmp_path))
    link = ann.ok("magnet", group, shared.name)["magnet"]
    message = eve.fails("no_such_file", "get", link, str(tmp_path))
    assert "join" in message
