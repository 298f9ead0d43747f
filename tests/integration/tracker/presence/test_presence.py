"""Announces, notices and announce keys over real sessions."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Callable

import pytest

from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.sessions import SessionClient, code_of, let_in
from tests.support.waiting import wait_until
from tracker.app import TrackerApp

SignUp = Callable[[str], SessionClient]


@pytest.fixture
def info_hash(ann: SessionClient, bob: SessionClient) -> str:
    """A file that Ann offers in `lab`."""
    hashed: str = ann.upload("lab", "x.bin")["info_hash"]
    assert bob.notice()["kind"] == "file_added"
    return hashed


def peers(answer: dict[str, list[dict[str, object]]]) -> list[tuple[object, object]]:
    return sorted((peer["user"], peer["port"]) for peer in answer["peers"])


def test_peers_find_each_other(ann: SessionClient, bob: SessionClient, info_hash: str) -> None:
    alone = ann.announce(info_hash, 0, port=1001, event="started")
    assert (alone["complete"], alone["incomplete"], alone["peers"]) == (1, 0, [])

    answer = bob.announce(info_hash, 7, port=1002, event="started")

    assert (answer["complete"], answer["incomplete"]) == (1, 1)
    assert answer["peers"] == [
        {"host": "127.0.0.1", "port": 1001, "peer_id": ann.peer_id, "user": "ann"}
    ]
    assert peers(ann.announce(info_hash, 0, port=1001)) == [("bob", 1002)]
    (row,) = bob.call("list_files", group="lab")["files"]
    assert (row["seeders"], row["leechers"]) == (1, 1)


@pytest.mark.any_database
def test_seeders_get_no_seeders(ann: SessionClient, bob: SessionClient, info_hash: str) -> None:
    ann.announce(info_hash, 0, port=1001)
    assert bob.announce(info_hash, 0, port=1002)["peers"] == []
    assert bob.announce(info_hash, 1, port=1002)["incomplete"] == 1


def test_unreachable_peers_are_counted_but_not_returned(
    ann: SessionClient, bob: SessionClient, info_hash: str
) -> None:
    ann.announce(info_hash, 0, port=0)
    answer = bob.announce(info_hash, 7)
    assert (answer["complete"], answer["peers"]) == (1, [])


def test_numwant_is_respected(ann: SessionClient, bob: SessionClient, info_hash: str) -> None:
    ann.announce(info_hash, 0, port=1001)
    assert len(bob.announce(info_hash, 7, numwant=1)["peers"]) == 1
    assert bob.announce(info_hash, 7, numwant=0)["peers"] == []


def test_stopped_leaves_the_swarm(ann: SessionClient, bob: SessionClient, info_hash: str) -> None:
    stopped_first = ann.announce(info_hash, 0, event="stopped")
    assert (stopped_first["complete"], stopped_first["peers"]) == (0, [])
    ann.announce(info_hash, 0, port=1001)
    bob.announce(info_hash, 7, port=1002)
    answer = ann.announce(info_hash, 0, event="stopped", port=1001)
    assert (answer["complete"], answer["incomplete"], answer["peers"]) == (0, 1, [])


def test_presence_ends_with_the_connection(
    ann: SessionClient, bob: SessionClient, info_hash: str
) -> None:
    bob.announce(info_hash, 7, port=1002)
    bob.close()

    def gone() -> bool:
        return bool(ann.announce(info_hash, 0)["incomplete"] == 0)

    wait_until(gone, 5, "bob's presence to end")


def test_one_user_may_have_two_clients(
    tracker: TrackerApp, connect: Connect, ann: SessionClient, bob: SessionClient, info_hash: str
) -> None:
    other = connect(tracker)
    other.login("ann")
    ann.announce(info_hash, 0, port=1001)
    answer = other.announce(info_hash, 7, port=1003)
    assert peers(answer) == [("ann", 1001)]
    assert peers(bob.announce(info_hash, 7, port=1002)) == [("ann", 1001), ("ann", 1003)]


def test_a_returning_client_replaces_its_old_entry(
    tracker: TrackerApp, connect: Connect, ann: SessionClient, bob: SessionClient, info_hash: str
) -> None:
    ann.announce(info_hash, 0, port=1001)
    back = connect(tracker)
    back.login("ann")
    back.announce(info_hash, 0, port=1001)
    answer = bob.announce(info_hash, 7, port=1002)
    assert [peer["peer_id"] for peer in answer["peers"]] == [back.peer_id]


def test_a_complete_download_counts_as_shared(
    ann: SessionClient, bob: SessionClient, info_hash: str
) -> None:
    bob.announce(info_hash, 7)
    assert code_of(bob, "stop_share", group="lab", name="x.bin") == "no_such_file"
    bob.announce(info_hash, 0, event="completed")
    bob.announce(info_hash, 0, event="stopped")
    ann.call("stop_share", group="lab", name="x.bin")
    (row,) = ann.call("list_files", group="lab")["files"]
    assert (row["name"], row["owner"]) == ("x.bin", "bob")
    bob.call("stop_share", group="lab", name="x.bin")
    assert ann.call("list_files", group="lab")["files"] == []


def test_each_file_of_an_announce_is_checked_separately(
    ann: SessionClient, eve: SessionClient, info_hash: str
) -> None:
    eve.call("create_group", group="eves")
    own = eve.upload("eves", "own.bin")["info_hash"]
    files = [{"info_hash": h, "left": 1} for h in (own, info_hash, "00" * 20, own)]

    reply = eve.call("announce", port=1005, files=files)

    assert reply["interval"] > 0
    codes = [file["error"] and file["error"]["code"] for file in reply["files"]]
    assert codes == [None, "not_member", "no_such_file"]
    assert reply["files"][0]["incomplete"] == 1
    assert reply["files"][1]["peers"] == []
    assert ann.announce(info_hash, 0)["incomplete"] == 0


@pytest.mark.any_database
def test_an_empty_announce_is_answered(ann: SessionClient) -> None:
    assert ann.call("announce", port=1, files=[])["files"] == []


def test_five_hundred_files_in_one_announce(ann: SessionClient, info_hash: str) -> None:
    files = [{"info_hash": f"{number:040x}", "left": 1} for number in range(499)]
    reply = ann.call("announce", port=1, files=[*files, {"info_hash": info_hash, "left": 0}])
    assert len(reply["files"]) == 500
    assert reply["files"][-1]["complete"] == 1


@pytest.mark.any_database
def test_check_port_dials_the_requesters_address(ann: SessionClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = {"host": "127.0.0.1", "reachable": True, "refused": False}
        assert ann.call("check_port", port=port) == found
    assert ann.call("check_port", port=port) == found | {"reachable": False, "refused": True}
    assert code_of(ann, "check_port", port=70_000) == "usage"


def test_a_peer_can_be_identified(
    ann: SessionClient, bob: SessionClient, eve: SessionClient, info_hash: str
) -> None:
    ann.announce(info_hash, 0)
    asked = {"info_hash": info_hash, "peer_id": ann.peer_id, "host": "::ffff:127.0.0.1"}
    assert bob.call("identify_peer", **asked) == {"user": "ann"}
    for other in ({"peer_id": "00" * 20}, {"host": "127.0.0.2"}, {"host": ""}):
        assert bob.call("identify_peer", **{**asked, **other}) == {"user": None}
    assert code_of(eve, "identify_peer", **asked) == "not_member"
    asked["info_hash"] = "00" * 20
    assert code_of(bob, "identify_peer", **asked) == "no_such_file"


def test_each_member_has_a_separate_announce_key(
    tracker: TrackerApp, ann: SessionClient, bob: SessionClient, eve: SessionClient
) -> None:
    first = ann.call("announce_key", group="lab")
    assert first == ann.call("announce_key", group="lab")
    assert first["announce_urls"] == [f"http://{tracker.http_address}/announce/{first['key']}"]
    assert first["key"] != bob.call("announce_key", group="lab")["key"]
    renewed = ann.call("renew_announce_key", group="lab")
    assert renewed["key"] != first["key"]
    assert renewed == ann.call("announce_key", group="lab")
    with urllib.request.urlopen(first["announce_urls"][0]) as response:
        assert b"failure reason" in response.read()
    for operation in ("announce_key", "renew_announce_key"):
        assert code_of(eve, operation, group="lab") == "not_member"
        assert code_of(eve, operation, group="none") == "no_such_group"


@pytest.mark.any_database
def test_without_http_there_is_no_announce_address(
    start_tracker: StartTracker, connect: Connect
) -> None:
    client = connect(start_tracker(http=False)).sign_up("ann")
    client.call("create_group", group="lab")
    assert client.call("announce_key", group="lab")["announce_urls"] == []


def test_a_join_request_is_pushed_to_every_admin(
    ann: SessionClient, bob: SessionClient, sign_up: SignUp
) -> None:
    cat = sign_up("cat")
    let_in(cat, "cat", ann)
    ann.call("promote", group="lab", user="bob")
    assert bob.notice()["kind"] == "role_changed"
    eve = sign_up("eve")
    eve.call("join_group", group="lab")
    for admin in (ann, bob):
        notice = admin.notice(kind="join_requested", actor="eve")
        assert notice["text"] == "eve asks to join lab."
    cat.call("ping")
    assert cat.notices == []
