"""Files through real connections."""

from __future__ import annotations

import base64

import pytest

from common import metainfo
from tests.integration.tracker.sessions import (
    SessionClient,
    as_base64,
    code_of,
    make_metainfo,
    public_metainfo,
)


def test_an_added_file_is_listed(ann: SessionClient, bob: SessionClient) -> None:
    source = ann.call("get_group", group="lab")["source"]
    data = make_metainfo("Größe 1.bin", b"x" * 1000, source)
    added = ann.call("add_file", group="lab", name="Größe 1.bin", metainfo=as_base64(data))
    assert (added["group"], added["name"]) == ("lab", "Größe 1.bin")
    assert (added["size"], added["pieces"]) == (1000, 1)

    (row,) = bob.call("list_files", group="lab")["files"]
    assert row == {
        "name": "Größe 1.bin",
        "size": 1000,
        "pieces": 1,
        "info_hash": added["info_hash"],
        "owner": "ann",
        "seeders": 0,
        "leechers": 0,
    }
    by_name = bob.call("get_file", group="lab", name="Größe 1.bin")
    assert base64.b64decode(by_name["metainfo"]) == data
    assert by_name == bob.call("find_file", info_hash=added["info_hash"])
    notice = bob.notice()
    assert (notice["kind"], notice["subject"]) == ("file_added", "Größe 1.bin")


@pytest.mark.any_database
def test_an_empty_file_has_no_pieces(ann: SessionClient) -> None:
    added = ann.upload("lab", "empty", b"")
    assert (added["size"], added["pieces"]) == (0, 0)


def test_the_same_content_is_one_file_with_two_sharers(
    ann: SessionClient, bob: SessionClient
) -> None:
    first = ann.upload("lab", "x.bin")
    assert ann.upload("lab", "x.bin") == first
    assert bob.upload("lab", "x.bin") == first
    assert len(ann.call("list_files", group="lab")["files"]) == 1

    ann.call("stop_share", group="lab", name="x.bin")
    (row,) = ann.call("list_files", group="lab")["files"]
    assert row["owner"] == "bob"
    bob.call("stop_share", group="lab", name="x.bin")
    assert ann.call("list_files", group="lab")["files"] == []


def test_different_content_under_a_taken_name(ann: SessionClient, bob: SessionClient) -> None:
    ann.upload("lab", "x.bin", b"one")
    with pytest.raises(Exception, match=r"name_taken.*--name"):
        bob.upload("lab", "x.bin", b"two")
    bob.upload("lab", "y.bin", b"one")


def test_the_same_content_in_two_groups_has_two_hashes(ann: SessionClient) -> None:
    ann.call("create_group", group="club")
    one, two = ann.upload("lab", "x.bin"), ann.upload("club", "x.bin")
    assert one["info_hash"] != two["info_hash"]


@pytest.mark.any_database
def test_invalid_metainfo_is_refused(ann: SessionClient) -> None:
    source = ann.call("get_group", group="lab")["source"]
    good = make_metainfo("x.bin", b"x", source)

    def code(data: bytes, name: str = "x.bin") -> str:
        return code_of(ann, "add_file", group="lab", name=name, metainfo=as_base64(data))

    assert code(good, "y.bin") == "usage"
    assert code(public_metainfo(good)) == "usage"
    assert code(make_metainfo("x.bin", b"x", None)) == "usage"
    assert code(make_metainfo("x.bin", b"x", "minitorrent:other")) == "usage"
    assert code(b"garbage") == "usage"
    assert code(good[:-1]) == "usage"
    assert code(good, "../x") == "invalid_name"
    assert ann.call("list_files", group="lab")["files"] == []


def test_non_members_get_no_file(ann: SessionClient, eve: SessionClient) -> None:
    info_hash = ann.upload("lab", "x.bin")["info_hash"]
    data = as_base64(make_metainfo("y", b"", "s"))
    assert code_of(eve, "get_file", group="lab", name="x.bin") == "not_member"
    assert code_of(eve, "add_file", group="lab", name="y", metainfo=data) == "not_member"
    assert code_of(eve, "stop_share", group="lab", name="x.bin") == "not_member"
    assert code_of(eve, "find_file", info_hash=info_hash) == "no_such_file"
    assert code_of(eve, "get_file", group="none", name="x.bin") == "no_such_group"
    assert code_of(eve, "add_file", group="none", name="y", metainfo=data) == "no_such_group"
    assert code_of(eve, "stop_share", group="none", name="x.bin") == "no_such_group"


def test_missing_files(ann: SessionClient, bob: SessionClient) -> None:
    assert code_of(ann, "get_file", group="lab", name="none") == "no_such_file"
    assert code_of(ann, "get_file", group="lab", name="../../etc") == "no_such_file"
    assert code_of(ann, "find_file", info_hash="00" * 20) == "no_such_file"
    assert code_of(ann, "stop_share", group="lab", name="none") == "no_such_file"
    ann.upload("lab", "x.bin")
    assert code_of(bob, "stop_share", group="lab", name="x.bin") == "no_such_file"


def test_stop_share_removes_the_peers(ann: SessionClient, bob: SessionClient) -> None:
    info_hash = ann.upload("lab", "x.bin")["info_hash"]
    bob.upload("lab", "x.bin")
    ann.announce(info_hash, 0)
    assert ann.call("stop_share", group="lab", name="x.bin") == {"group": "lab", "name": "x.bin"}
    (row,) = bob.call("list_files", group="lab")["files"]
    assert row["seeders"] == 0


@pytest.mark.any_database
def test_large_metainfo_fits_one_line(ann: SessionClient, bob: SessionClient) -> None:
    source = ann.call("get_group", group="lab")["source"]
    count = 250_000
    entry = metainfo.FileEntry(("big",), count * 16384)
    pieces = bytes(20 * count)
    info = metainfo.build_info("big", [entry], 16384, pieces, source=source, is_folder=False)
    data = metainfo.encode(info)

    ann.call("add_file", group="lab", name="big", metainfo=as_base64(data))

    got = bob.call("get_file", group="lab", name="big")
    assert base64.b64decode(got["metainfo"]) == data
    assert got["pieces"] == count
