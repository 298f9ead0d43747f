"""Rendezvous: who may have whom told, where, and how often."""

from __future__ import annotations

import socket
from typing import Any, NamedTuple

import pytest

from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.sessions import RefusedError, SessionClient, code_of, let_in
from tracker.app import TrackerApp
from tracker.services.sharing import rendezvous


def ask(asker: SessionClient, target: SessionClient, info_hash: str, user: str) -> dict[str, Any]:
    return asker.call("rendezvous", info_hash=info_hash, user=user, peer_id=target.peer_id)


@pytest.fixture
def shared(ann: SessionClient, bob: SessionClient) -> str:
    """A file of Ann's that Bob downloads."""
    info_hash: str = ann.upload("lab", "x.bin")["info_hash"]
    ann.announce(info_hash, 0, port=1001)
    bob.announce(info_hash, 7, port=1002)
    return info_hash


class TwoTrackers(NamedTuple):
    """Ann at one tracker, Bob at another; he downloads a file of hers."""

    of_ann: TrackerApp
    ann: SessionClient
    bob: SessionClient
    info_hash: str


@pytest.fixture
def two_trackers(start_tracker: StartTracker, connect: Connect) -> TwoTrackers:
    one, two = start_tracker(), start_tracker()
    ann, bob = connect(one).sign_up("ann"), connect(two).sign_up("bob")
    ann.call("create_group", group="lab")
    let_in(bob, "bob", ann)
    info_hash = ann.upload("lab", "x.bin")["info_hash"]
    ann.announce(info_hash, 0)
    bob.announce(info_hash, 7)
    return TwoTrackers(one, ann, bob, info_hash)


def test_both_learn_where_the_tracker_sees_the_other(
    ann: SessionClient, bob: SessionClient, shared: str
) -> None:
    answer = ask(bob, ann, shared, "ann")
    told = ann.rendezvous()
    assert told["token"] == answer["token"]
    assert len(answer["token"]) == 32
    assert told["info_hash"] == shared
    assert answer["endpoints"] == [ann.seat, {"host": "127.0.0.1", "port": 1001}]
    assert told["endpoints"] == [bob.seat, {"host": "127.0.0.1", "port": 1002}]


def test_a_client_at_another_tracker_is_told(two_trackers: TwoTrackers) -> None:
    ann, bob = two_trackers.ann, two_trackers.bob
    token = ask(bob, ann, two_trackers.info_hash, "ann")["token"]
    assert ann.rendezvous()["token"] == token


def is_silent(asker: SessionClient, info_hash: str) -> list[bool]:
    """Whether the tracker says so of each peer."""
    peers = asker.announce(info_hash, 7, port=1002)["peers"]
    return [peer.get("silent", False) for peer in peers]


def test_others_learn_who_has_given_no_answer(
    ann: SessionClient, bob: SessionClient, shared: str
) -> None:
    assert is_silent(bob, shared) == [False]
    ask(bob, ann, shared, "ann")
    assert is_silent(bob, shared) == [False], "as nobody has tried"
    arguments = {"info_hash": shared, "user": "ann", "peer_id": ann.peer_id}
    bob.call("rendezvous", **arguments, unanswered=True)
    assert is_silent(bob, shared) == [True]


def test_a_port_that_the_tracker_has_dialled_is_known(
    ann: SessionClient, bob: SessionClient, shared: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ann.announce(shared, 0, port=port)
        assert ann.call("check_port", port=port)["reachable"]
        assert is_silent(bob, shared) == [False]
    assert not ann.call("check_port", port=port)["reachable"]
    assert is_silent(bob, shared) == [True]


def test_nobody_is_told_of_a_client_that_isnt_there(
    ann: SessionClient, bob: SessionClient, shared: str
) -> None:
    nobody = bob.call("rendezvous", info_hash=shared, user="ann", peer_id="00" * 20)
    assert nobody == {"token": None, "endpoints": [], "ticket": None}
    ann.announce(shared, 0, event="stopped")
    assert ask(bob, ann, shared, "ann")["token"] is None


def test_only_who_announces_the_file_is_introduced(
    ann: SessionClient, bob: SessionClient, shared: str
) -> None:
    bob.announce(shared, 7, event="stopped")
    assert ask(bob, ann, shared, "ann")["token"] is None


def test_strangers_and_removed_members_reach_nobody(
    ann: SessionClient, bob: SessionClient, eve: SessionClient, shared: str
) -> None:
    arguments = {"info_hash": shared, "user": "ann", "peer_id": ann.peer_id}
    assert code_of(eve, "rendezvous", **arguments) == "not_member"
    ann.call("remove_member", group="lab", user="bob")
    assert code_of(bob, "rendezvous", **arguments) == "not_member"
    assert code_of(ann, "rendezvous", **{**arguments, "info_hash": "11" * 20}) == "no_such_file"
    assert not ann.told


def test_one_client_is_told_a_few_times_by_the_same_user(
    ann: SessionClient, bob: SessionClient, shared: str
) -> None:
    for _ in range(rendezvous.PER_PAIR.burst):
        ask(bob, ann, shared, "ann")
    arguments = {"info_hash": shared, "user": "ann", "peer_id": ann.peer_id}
    assert code_of(bob, "rendezvous", **arguments) == "too_many_attempts"
    assert ask(ann, bob, shared, "bob")["token"]  # others are not concerned


def test_a_user_asks_only_so_often(ann: SessionClient, bob: SessionClient, shared: str) -> None:
    arguments = {"info_hash": shared, "user": "ann", "peer_id": "00" * 20}
    for _ in range(rendezvous.PER_USER.burst):
        assert bob.call("rendezvous", **arguments)["token"] is None
    with pytest.raises(RefusedError, match="too_many_attempts"):
        for _ in range(rendezvous.PER_USER.burst):  # one comes back every half second
            bob.call("rendezvous", **arguments)
    assert ask(ann, bob, shared, "bob")["token"]


def test_what_nobody_has_fetched_is_deleted(two_trackers: TwoTrackers) -> None:
    one = two_trackers.of_ann
    one._notices.stop(10)  # it tells nobody any more
    ask(two_trackers.bob, two_trackers.ann, two_trackers.info_hash, "ann")
    with one._store.read() as work:
        assert work.rendezvous.is_waiting(one._services.events.tracker_id)
    with one._store.write() as work:
        work.rendezvous.delete_expired(one._store.clock() + 60)
        assert not work.rendezvous.is_waiting(one._services.events.tracker_id)
