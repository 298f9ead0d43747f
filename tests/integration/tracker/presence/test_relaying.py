"""The relay of a tracker: for members of sealed groups while they are, and for nobody else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from common.types import Endpoint
from common.wire.relay import JOINED, encode_request
from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.sessions import SessionClient
from tests.support.network.sockets import is_closed
from tests.support.waiting import wait_until
from tracker.app import TrackerApp


class Meeting(NamedTuple):
    """What the tracker has said to both sides."""

    asker: dict[str, Any]
    target: dict[str, Any]


def meet(asker: SessionClient, target: SessionClient, info_hash: str, **more: Any) -> Meeting:
    answer = asker.call(
        "rendezvous", info_hash=info_hash, user="ann", peer_id=target.peer_id, **more
    )
    return Meeting(answer, target.rendezvous())


def share(ann: SessionClient, bob: SessionClient, group: str, mode: str = "sealed") -> str:
    """Make a group with a file that Ann has and Bob wants."""
    ann.call("create_group", group=group, mode=mode)
    bob.call("join_group", group=group)
    ann.call("accept_request", group=group, user="bob")
    info_hash: str = ann.upload(group, "x.bin")["info_hash"]
    ann.announce(info_hash, 0)
    bob.announce(info_hash, 7)
    return info_hash


def present(tracker: TrackerApp, ticket: str) -> socket.socket:
    sock = socket.create_connection(tracker.address, 5)
    sock.sendall(encode_request(ticket))
    return sock


def join(tracker: TrackerApp, met: Meeting) -> tuple[socket.socket, socket.socket]:
    one, other = present(tracker, met.asker["ticket"]), present(tracker, met.target["ticket"])
    for sock in (one, other):
        assert sock.recv(len(JOINED), socket.MSG_WAITALL) == JOINED
    return one, other


@pytest.fixture
def relaying(start_tracker: StartTracker) -> TrackerApp:
    return start_tracker(relays=True)


@pytest.fixture
def pair(relaying: TrackerApp, connect: Connect) -> tuple[SessionClient, SessionClient]:
    return connect(relaying).sign_up("ann"), connect(relaying).sign_up("bob")


def test_members_of_a_sealed_group_are_joined(
    relaying: TrackerApp, pair: tuple[SessionClient, SessionClient]
) -> None:
    ann, bob = pair
    one, other = join(relaying, meet(bob, ann, share(ann, bob, "lab")))
    with one, other:
        one.sendall(b"hello")
        assert other.recv(5, socket.MSG_WAITALL) == b"hello"
        metrics = relaying._relay
        assert metrics is not None
        assert (metrics.count(), metrics.carried) == (2, 5)
        assert ann.call("ping") == {}  # sessions go on beside it
        wait_until(lambda: relaying._sessions.count() == 2, what="the sessions alone")


def test_no_tickets_where_nothing_is_encrypted_or_no_relay_runs(
    start_tracker: StartTracker, connect: Connect
) -> None:
    one, other = start_tracker(relays=True), start_tracker()
    ann, bob = connect(one).sign_up("ann"), connect(one).sign_up("bob")
    elsewhere = connect(other)
    elsewhere.login("bob")
    met = meet(bob, ann, share(ann, bob, "plain", "open"))
    assert (met.asker["ticket"], met.target["ticket"]) == (None, None)
    info_hash = share(ann, bob, "lab")
    assert meet(bob, ann, info_hash, relay=False).asker["ticket"] is None
    assert meet(bob, ann, info_hash).asker["ticket"]
    elsewhere.announce(info_hash, 7)
    assert meet(elsewhere, ann, info_hash).asker["ticket"] is None


def test_a_client_at_another_tracker_learns_where_the_relay_is(
    start_tracker: StartTracker, connect: Connect
) -> None:
    one, two = start_tracker(), start_tracker(relays=True)
    ann, bob = connect(one).sign_up("ann"), connect(two).sign_up("bob")
    met = meet(bob, ann, share(ann, bob, "lab"))
    assert met.target["relay"] == {"host": two.address.host, "port": two.address.port}
    for sock in join(two, met):
        sock.close()


def test_a_tracker_without_a_relay_takes_no_connections_for_one(
    start_tracker: StartTracker,
) -> None:
    with present(start_tracker(), "00" * 16) as sock:
        assert sock.recv(1) != JOINED[:1]  # at most a TLS alert


def test_strangers_and_spent_tickets_get_nothing(
    relaying: TrackerApp, pair: tuple[SessionClient, SessionClient]
) -> None:
    ann, bob = pair
    met = meet(bob, ann, share(ann, bob, "lab"))
    with present(relaying, "00" * 16) as stranger:
        assert is_closed(stranger)
    one, other = join(relaying, met)
    with one, other, present(relaying, met.asker["ticket"]) as again:
        assert is_closed(again)
        other.sendall(b"x")  # and nothing reaches who used it before but from the other side
        assert one.recv(1) == b"x"


def test_a_ticket_of_one_group_joins_nobody_of_another(
    relaying: TrackerApp, pair: tuple[SessionClient, SessionClient]
) -> None:
    ann, bob = pair
    first = meet(bob, ann, share(ann, bob, "lab"))
    second = meet(bob, ann, share(ann, bob, "club"))
    tickets = first.asker["ticket"], second.target["ticket"]
    with present(relaying, tickets[0]) as one, present(relaying, tickets[1]) as other:
        for sock in (one, other):
            sock.settimeout(0.5)
            with pytest.raises(TimeoutError):
                sock.recv(1)


def test_a_removed_member_is_cut_off(
    relaying: TrackerApp, pair: tuple[SessionClient, SessionClient]
) -> None:
    ann, bob = pair
    info_hash = share(ann, bob, "lab")
    one, other = join(relaying, meet(bob, ann, info_hash))
    ann.call("remove_member", group="lab", user="bob")
    with one, other:
        assert is_closed(one)
        assert is_closed(other)


def test_the_relay_dials_nobody(
    relaying: TrackerApp,
    pair: tuple[SessionClient, SessionClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever clients say: they name no address, and what they say goes to the other side."""
    ann, bob = pair
    met = meet(bob, ann, share(ann, bob, "lab"))
    dialled: list[object] = []
    real: Callable[..., Any] = socket.socket.connect

    def connect(sock: socket.socket, address: Any) -> None:
        if threading.current_thread().name in ("relay", "session", "acceptor"):
            dialled.append(address)
        real(sock, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    inside = Endpoint("127.0.0.1", 5432)
    one, other = join(relaying, met)
    with one, other:
        one.sendall(f"CONNECT {inside} HTTP/1.1\r\n\r\n".encode())
    with present(relaying, "00" * 16) as stranger:
        assert is_closed(stranger)
    assert not dialled
