"""Files that an admin or their owner removes from a group for everybody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from common.errors import ErrorCode, MinitorrentError
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.sessions import SessionClient, code_of

SENTENCE = "ann removed x.bin from lab."


@pytest.fixture
def info_hash(ann: SessionClient, bob: SessionClient) -> str:
    """The info-hash of Bob's `x.bin`, which he announces."""
    found: str = bob.upload("lab", "x.bin")["info_hash"]
    bob.announce(found, 0)
    return found


def test_an_admin_removes_a_file_for_everybody(
    ann: SessionClient, bob: SessionClient, info_hash: str
) -> None:
    removed = ann.call("remove_file", group="lab", name="x.bin")
    assert removed == {"group": "lab", "name": "x.bin", "info_hash": info_hash}

    for client in (ann, bob):  # also to the admin's own other clients
        notice = client.notice(kind="file_removed")
        assert (notice["actor"], notice["group"], notice["subject"]) == ("ann", "lab", "x.bin")
        assert (notice["info_hash"], notice["text"]) == (info_hash, SENTENCE)
    assert bob.call("list_files", group="lab")["files"] == []
    assert code_of(bob, "get_file", group="lab", name="x.bin") == "no_such_file"
    assert code_of(ann, "remove_file", group="lab", name="x.bin") == "no_such_file"
    assert bob.call("list_notices")["notices"][-1]["text"] == SENTENCE
    last = ann.call("list_events", group="lab")["events"][-1]
    assert (last["who"], last["what"], last["subject"]) == ("ann", "file_removed", "x.bin")


def test_announces_of_a_removed_file_are_refused_with_the_reason(
    ann: SessionClient, bob: SessionClient, eve: SessionClient, info_hash: str
) -> None:
    ann.call("remove_file", group="lab", name="x.bin")
    for left in (0, 5):
        error = bob.announce(info_hash, left)["error"]
        assert error == {"code": "no_such_file", "message": SENTENCE, "removed": True}
    with pytest.raises(Exception, match=f"no_such_file: {SENTENCE}"):
        bob.call("find_file", info_hash=info_hash)
    error = eve.announce(info_hash, 0)["error"]
    assert error["message"] == f"None of your groups shares the file {info_hash}."
    assert error == eve.announce("00" * 20, 0)["error"] | {"message": error["message"]}
    assert bob.call("list_files", group="lab")["files"] == []


def test_the_name_is_free_for_other_content(
    ann: SessionClient, bob: SessionClient, info_hash: str
) -> None:
    ann.call("remove_file", group="lab", name="x.bin")
    other = ann.upload("lab", "x.bin", b"better content")["info_hash"]
    assert bob.announce(info_hash, 0)["error"]["removed"]
    assert bob.announce(other, 5)["error"] is None
    (row,) = ann.call("list_files", group="lab")["files"]
    assert (row["info_hash"], row["owner"], row["leechers"]) == (other, "ann", 1)


def test_a_member_may_add_the_same_content_explicitly(
    ann: SessionClient, bob: SessionClient, info_hash: str
) -> None:
    ann.call("remove_file", group="lab", name="x.bin")
    assert bob.upload("lab", "x.bin")["info_hash"] == info_hash
    assert bob.announce(info_hash, 0)["error"] is None
    ann.call("remove_file", group="lab", name="x.bin")
    assert bob.announce(info_hash, 0)["error"]["removed"]


def test_owners_remove_their_files_and_other_members_nothing(
    ann: SessionClient,
    bob: SessionClient,
    eve: SessionClient,
    sign_up: Callable[[str], SessionClient],
    info_hash: str,
) -> None:
    cat = sign_up("cat")
    cat.call("join_group", group="lab")
    ann.call("accept_request", group="lab", user="cat")
    cat.upload("lab", "x.bin")
    cat.announce(info_hash, 0)  # a sharer, but not the owner
    with pytest.raises(Exception, match=r"not_admin.*stop_share lab x\.bin"):
        cat.call("remove_file", group="lab", name="x.bin")
    assert code_of(cat, "remove_file", group="lab", name="none") == "no_such_file"
    assert code_of(eve, "remove_file", group="lab", name="x.bin") == "not_member"
    assert code_of(eve, "remove_file", group="none", name="x.bin") == "no_such_group"
    bob.call("remove_file", group="lab", name="x.bin")
    assert cat.announce(info_hash, 0)["error"]["message"] == "bob removed x.bin from lab."


def test_a_former_member_learns_nothing(
    ann: SessionClient, bob: SessionClient, info_hash: str
) -> None:
    ann.call("remove_file", group="lab", name="x.bin")
    bob.call("leave_group", group="lab")
    error = bob.announce(info_hash, 0)["error"]
    assert (error["code"], error["removed"]) == ("no_such_file", False)
    assert "ann" not in error["message"]


def test_stock_clients_are_refused(lab: Lab) -> None:
    key, info_hash = lab.member("bob"), lab.share("x.bin")
    assert lab.stock(key, info_hash, b"-qB5000-" + b"x" * 12).complete == 1
    assert lab.completed(info_hash, key) == 0
    lab.remove_file("x.bin")
    with pytest.raises(MinitorrentError, match=SENTENCE) as raised:
        lab.stock(key, info_hash, b"-qB5000-" + b"x" * 12)
    assert raised.value.code is ErrorCode.NO_SUCH_FILE
    assert lab.services.announces.scrape_by_key(key, [info_hash]) == {}
    assert lab.services.announces.count_peers() == 0
