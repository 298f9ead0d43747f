"""Who is connected, who could be, and who never may."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence

import pytest

from client.core.candidates import Candidate
from client.core.obstacle import Obstacle
from client.core.receiver import Event
from client.core.throttle import Lane, TokenBucket
from client.engine import neighbours as module
from client.engine.neighbours import Neighbours
from client.net.peer_io import PeerConnection
from client.net.transport import PlainTransport
from common.types import Block, Endpoint, InfoHash, PeerId
from common.wire.handshake import Handshake

ME = PeerId(b"-MI0100-mmmmmmmmmmmm")
LOWER = PeerId(b"-AA0001-aaaaaaaaaaaa")
HIGHER = PeerId(b"-ZZ0001-zzzzzzzzzzzz")


class Nothing:
    """A handler and a source for connections that are never started."""

    def on_received(self, peer: PeerConnection, events: list[Event], count: int) -> None: ...
    def on_sent(self, peer: PeerConnection, payload: int) -> None: ...
    def on_closed(self, peer: PeerConnection) -> None: ...
    def check(self, runs: Sequence[Block]) -> None: ...

    def on_content_lost(self) -> None: ...
    def read_block(self, block: Block, buffer: memoryview) -> None: ...
    def block_views(self, block: Block) -> Sequence[memoryview]:
        return []


Make = Callable[..., PeerConnection]


@pytest.fixture
def neighbours() -> Neighbours:
    return Neighbours(ME, 3)


@pytest.fixture
def make(neighbours: Neighbours) -> Iterator[Make]:
    """Make a connection to a peer that has shaken hands."""
    sockets: list[socket.socket] = []

    def connection(peer_id: PeerId, port: int = 1, *, incoming: bool = True) -> PeerConnection:
        ours, theirs = _pair()
        sockets.extend((ours, theirs))
        return PeerConnection(
            neighbours.next_key(),
            PlainTransport(ours),
            Endpoint("127.0.0.1", port),
            Handshake(InfoHash(b"h" * 20), peer_id),
            Nothing(),
            Nothing(),
            Lane(TokenBucket(0, 0.0), TokenBucket(0, 0.0)),
            incoming=incoming,
        )

    yield connection
    for sock in sockets:
        sock.close()


@pytest.fixture
def connect(neighbours: Neighbours, make: Make) -> Make:
    """Make a connection and add it."""

    def add(peer_id: PeerId, port: int = 1, *, incoming: bool = True) -> PeerConnection:
        connection = make(peer_id, port, incoming=incoming)
        neighbours.add(connection, 0.0)
        return connection

    return add


@pytest.fixture
def wants(neighbours: Neighbours, make: Make) -> Callable[..., bool]:
    """Whether a new connection is wanted."""

    def asked(peer_id: PeerId, *, incoming: bool, port: int = 9) -> bool:
        return neighbours.wants(make(peer_id, port, incoming=incoming))

    return asked


def _pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        return ours, server.accept()[0]


def candidate(peer_id: PeerId, port: int = 1, user: str = "bob") -> Candidate:
    """Somebody the tracker tells of."""
    return Candidate(Endpoint("127.0.0.1", port), peer_id, user)


@pytest.mark.parametrize("incoming", [False, True])
def test_nobody_talks_to_himself(incoming: bool, wants: Callable[..., bool]) -> None:
    assert not wants(ME, incoming=incoming)


def test_there_is_a_limit(
    neighbours: Neighbours, connect: Make, wants: Callable[..., bool]
) -> None:
    for number in range(3):
        peer_id = PeerId(bytes([number]) * 20)
        assert wants(peer_id, incoming=True)
        connect(peer_id, number)
    assert not wants(LOWER, incoming=True)
    assert list(neighbours.to_dial(0.0)) == []
    assert "3 connected" in repr(neighbours)


@pytest.mark.parametrize(
    ("other", "incoming", "stays"),
    [(HIGHER, True, True), (HIGHER, False, False), (LOWER, True, False), (LOWER, False, True)],
)
def test_of_two_connections_both_sides_keep_the_same(
    neighbours: Neighbours,
    connect: Make,
    other: PeerId,
    incoming: bool,
    stays: bool,
    wants: Callable[..., bool],
) -> None:
    old = connect(other, incoming=not incoming)
    assert wants(other, incoming=incoming) is stays
    assert (old.close_reason is not None) is stays
    if stays:  # the old one is on its way out and does not count
        assert wants(other, incoming=incoming)


def test_a_ban_holds_for_name_and_address_also_after_leaving(
    neighbours: Neighbours, connect: Make, wants: Callable[..., bool]
) -> None:
    liar = connect(LOWER, 5)
    neighbours.remove(liar, 0.0)
    neighbours.ban(liar.key, "lied")
    neighbours.ban(liar.key, "lied again")
    neighbours.ban(999, "nobody")
    assert not wants(LOWER, incoming=True)
    assert not wants(HIGHER, incoming=False, port=5)
    still_here = connect(HIGHER, 6)
    neighbours.ban(still_here.key, "lied")
    assert still_here.close_reason == "banned: lied"


def test_identities_are_bounded(
    neighbours: Neighbours,
    connect: Make,
    monkeypatch: pytest.MonkeyPatch,
    wants: Callable[..., bool],
) -> None:
    monkeypatch.setattr(module, "MAX_IDENTITIES", 2)
    first, *_ = [connect(PeerId(bytes([number]) * 20), number) for number in range(3)]
    neighbours.remove(first, 0.0)
    neighbours.ban(first.key, "too long ago")
    assert wants(first.handshake.peer_id, incoming=True)


def test_who_is_told_of_is_known(neighbours: Neighbours, connect: Make) -> None:
    stranger, other = connect(LOWER, 1), connect(HIGHER, 2)
    assert neighbours.learn([candidate(LOWER, 7)]) == [stranger]
    assert (stranger.user, stranger.known_as) == ("bob", LOWER)
    assert neighbours.learn([candidate(LOWER, 7)]) == []
    assert not neighbours.recognise(other)


def test_who_was_dialled_is_known_by_the_address(neighbours: Neighbours, connect: Make) -> None:
    neighbours.learn([candidate(LOWER, 7)])
    dialled = connect(HIGHER, 7, incoming=False)  # calls itself something else
    assert neighbours.recognise(dialled)
    assert (dialled.user, dialled.known_as) == ("bob", LOWER)
    assert list(neighbours.to_dial(0.0)) == []


def test_who_is_refused_is_not_dialled(neighbours: Neighbours, connect: Make) -> None:
    neighbours.learn([candidate(LOWER, 7)])
    stranger = connect(LOWER, 1)
    neighbours.refuse(stranger)
    assert stranger.close_reason is not None
    neighbours.remove(stranger, 0.0)
    assert list(neighbours.to_dial(0.0)) == []


def test_failed_dials_are_tried_less_and_less(neighbours: Neighbours) -> None:
    neighbours.learn([candidate(LOWER, 7)])
    endpoint = Endpoint("127.0.0.1", 7)
    now, dials = 0.0, 0
    while now < 60.0:
        for _ in neighbours.to_dial(now):
            dials += 1
            neighbours.dial_failed(endpoint, now, Obstacle.REFUSED)
        now += 0.25
    assert dials == 5  # at 0, 2, 6, 14, 30 s
    assert neighbours.known() == (1, [Obstacle.REFUSED])


def test_who_shakes_hands_and_leaves_is_dialled_less_and_less(
    neighbours: Neighbours, make: Make
) -> None:
    neighbours.learn([candidate(LOWER, 7)])
    for now in (0.0, 2.0, 6.0):
        assert list(neighbours.to_dial(now)) == [Endpoint("127.0.0.1", 7)]
        connection = make(LOWER, 7, incoming=False)
        neighbours.add(connection, now)
        neighbours.remove(connection, now)
    assert list(neighbours.to_dial(13.0)) == []
    assert neighbours.known() == (1, [Obstacle.LEFT])
