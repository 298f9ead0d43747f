"""publish, metainfo and announce_key: what a member needs whose content is in another client."""

from __future__ import annotations

from pathlib import Path

import bencode2
import pytest

from tests.contract.sharing import info_hash
from tests.support.programs.processes import ClientProcess
from tests.support.torrents import write_torrent


@pytest.fixture
def torrent(tmp_path: Path) -> Path:
    """Metainfo of another tool, of content that no client of ours has."""
    content = tmp_path / "a film.mkv"
    content.write_bytes(b"a film" * 20_000)
    path = tmp_path / "a film.torrent"
    write_torrent(content, path, announce="http://other.example/announce")
    content.unlink()
    return path


def listed(person: ClientProcess, group: str) -> list[str]:
    return [row["name"] for row in person.ok("list_files", group)["files"]]


def test_publish_lists_the_file_and_writes_its_metainfo(
    ann: ClientProcess, group: str, torrent: Path
) -> None:
    result = ann.ok("publish", str(torrent), group)
    written = torrent.with_name(f"a film.{group}.torrent")
    assert result == {
        "group": group,
        "name": "a film.mkv",
        "info_hash": info_hash(written),
        "metainfo": str(written),
    }
    (row,) = ann.ok("list_files", group)["files"]
    assert (row["name"], row["info_hash"]) == ("a film.mkv", result["info_hash"])
    assert row["info_hash"] != info_hash(torrent)
    assert written.stat().st_mode & 0o777 == 0o600
    announce = ann.ok("announce_key", group)["announce"]
    root = bencode2.bdecode(written.read_bytes())
    assert root[b"announce"] == announce.encode()
    (mode,) = {row["mode"] for row in ann.ok("list_groups")["groups"] if row["group"] == group}
    assert (b"ssl-cert" in root[b"info"]) == (mode != "open")
    assert ann.ok("publish", str(torrent), group) == result
    ann.ok("stop_share", group, "a film.mkv")
    assert group not in {row["group"] for row in ann.ok("show_shares")["shares"]}


def test_publish_refuses_what_it_cannot_take(
    ann: ClientProcess, eve: ClientProcess, group: str, torrent: Path, tmp_path: Path
) -> None:
    ann.fails("usage", "publish")
    ann.fails("file_not_found", "publish", str(tmp_path / "nowhere.torrent"), group)
    ann.fails("file_exists", "publish", str(torrent), group, "--out", str(torrent))
    eve.fails("no_such_group", "publish", str(torrent), "nowhere")
    eve.fails("not_member", "publish", str(torrent), group)
    (tmp_path / "damaged").write_bytes(torrent.read_bytes()[:-9])
    assert "ends too early" in ann.fails("usage", "publish", str(tmp_path / "damaged"), group)
    assert listed(ann, group) == []
    ann.fails("permission_denied", "publish", str(torrent), group, "--out", "/sys/a.torrent")
    ann.ok("publish", str(torrent), group)
    other = bencode2.bdecode(torrent.read_bytes())
    other[b"info"][b"pieces"] = bytes(20)
    (tmp_path / "other").write_bytes(bencode2.bencode(other))
    ann.fails("name_taken", "publish", str(tmp_path / "other"), group)


def test_metainfo_of_what_one_does_not_have(
    ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, group: str, tmp_path: Path
) -> None:
    (tmp_path / "song.flac").write_bytes(b"a song" * 9000)
    shared = ann.ok("upload_file", str(tmp_path / "song.flac"), group)
    path = tmp_path / "song.torrent"
    assert bob.ok("metainfo", group, "song.flac", str(path)) == {"metainfo": str(path)}
    assert info_hash(path) == shared["info_hash"]
    assert bob.ok("announce_key", group)["announce"].encode() in path.read_bytes()
    bob.ok("metainfo", group, "song.flac", str(path))
    assert bob.ok("metainfo", group, "song.flac", str(tmp_path)) == {
        "metainfo": str(tmp_path / "song.flac.torrent")
    }
    bob.fails("file_exists", "metainfo", group, "song.flac", str(tmp_path / "song.flac"))
    bob.fails("file_not_found", "metainfo", group, "song.flac", str(tmp_path / "no" / "where"))
    bob.fails("permission_denied", "metainfo", group, "song.flac", "/sys/a.torrent")
    bob.fails("no_such_file", "metainfo", group, "another", str(tmp_path / "x"))
    eve.fails("no_such_group", "metainfo", "nowhere", "song.flac", str(tmp_path / "x"))
    eve.fails("not_member", "metainfo", group, "song.flac", str(tmp_path / "x"))


def test_the_announce_key_stays_until_it_is_renewed(
    ann: ClientProcess, eve: ClientProcess, group: str
) -> None:
    first = ann.ok("announce_key", group)
    assert first["group"] == group
    assert first["announce"].startswith("http://")
    assert ann.ok("announce_key", group) == first
    renewed = ann.ok("announce_key", group, "--renew")["announce"]
    assert renewed != first["announce"]
    assert ann.ok("announce_key", group)["announce"] == renewed
    eve.fails("no_such_group", "announce_key", "nowhere")
    eve.fails("not_member", "announce_key", group)
