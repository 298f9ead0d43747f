"""Connected peers, candidates, and refused peers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from client.core.admission.candidates import PeerCandidate
from client.core.admission.obstacle import Obstacle
from client.core.bandwidth.throttle import BandwidthChannel, TokenBucket
from client.core.protocol.peer_stream_decoder import StreamEvent
from client.core.swarm.swarm_config import SwarmConfig
from client.net.peers.connection import Connection
from client.torrent.ban_list import BanList
from client.torrent.peer_list import PeerList
from common.types import Block, Endpoint, InfoHash, PeerId, PieceIndex
from common.wire.handshake import Handshake
from tests.support.fakes.connections import FakeConnection, FakeTransport

ME = PeerId(b"-MI0100-mmmmmmmmmmmm")
LOWER = PeerId(b"-AA0001-aaaaaaaaaaaa")
HIGHER = PeerId(b"-ZZ0001-zzzzzzzzzzzz")


class Nothing:
    """A handler and a source for connections on which nothing arrives."""

    def on_received(self, peer: Connection, events: list[StreamEvent], count: int) -> None: ...
    def on_sent(self, peer: Connection, payload: int) -> None: ...
    def on_closed(self, peer: Connection) -> None: ...
    def check(self, runs: Sequence[Block]) -> None: ...

    def on_content_lost(self) -> None: ...
    def piece_size(self, piece: PieceIndex) -> int:
        return 1 << 20

    def doubt(self, pieces: Sequence[PieceIndex]) -> None: ...
    def read(self, runs: Sequence[Block], buffers: Sequence[memoryview]) -> None: ...
    def block_views(self, block: Block) -> Sequence[memoryview]:
        return []


Make = Callable[..., FakeConnection]


@pytest.fixture
def config() -> SwarmConfig:
    return SwarmConfig(connections=3)


@pytest.fixture
def peer_list(config: SwarmConfig) -> PeerList:
    return PeerList(ME, config, BanList())


@pytest.fixture
def make(peer_list: PeerList) -> Make:
    """Make a connection to a peer that has shaken hands."""

    def connection(
        peer_id: PeerId, port: int = 1, *, incoming: bool = True, host: str = "127.0.0.1"
    ) -> FakeConnection:
        return FakeConnection(
            peer_list.next_key(),
            FakeTransport(),
            Endpoint(host, port),
            Handshake(InfoHash(b"h" * 20), peer_id),
            Nothing(),
            Nothing(),
            BandwidthChannel(TokenBucket(0, 0.0), TokenBucket(0, 0.0)),
            incoming=incoming,
        )

    return connection


@pytest.fixture
def connect(peer_list: PeerList, make: Make) -> Make:
    """Make a connection and add it."""

    def add(peer_id: PeerId, port: int = 1, **where: Any) -> FakeConnection:
        connection = make(peer_id, port, **where)
        peer_list.add(connection, 0.0)
        return connection

    return add


@pytest.fixture
def wants(peer_list: PeerList, make: Make) -> Callable[..., bool]:
    """Whether a new connection is wanted."""

    def asked(peer_id: PeerId, *, port: int = 9, **where: Any) -> bool:
        return peer_list.wants(make(peer_id, port, **where))

    return asked


def candidate(
    peer_id: PeerId, port: int = 1, user: str = "bob", host: str = "127.0.0.1"
) -> PeerCandidate:
    """A peer listed by the tracker."""
    return PeerCandidate(Endpoint(host, port), peer_id, user)


@pytest.mark.parametrize("incoming", [False, True])
def test_a_client_does_not_connect_to_itself(incoming: bool, wants: Callable[..., bool]) -> None:
    assert not wants(ME, incoming=incoming)


def test_connections_are_bounded(
    peer_list: PeerList, connect: Make, wants: Callable[..., bool]
) -> None:
    for number in range(3):
        peer_id = PeerId(bytes([number]) * 20)
        assert wants(peer_id, incoming=True)
        connect(peer_id, number)
    assert not wants(LOWER, incoming=True)
    assert list(peer_list.to_dial(0.0)) == []
    assert len(peer_list.connections) == 3


@pytest.mark.parametrize(
    ("other", "incoming", "joins", "replaces"),
    [
        (HIGHER, True, True, False),  # the other side will close ours
        (HIGHER, False, True, False),
        (LOWER, True, False, False),
        (LOWER, False, True, True),
    ],
)
def test_of_two_crossing_connections_the_higher_peer_ids_is_kept(
    connect: Make,
    other: PeerId,
    incoming: bool,
    joins: bool,
    replaces: bool,
    wants: Callable[..., bool],
) -> None:
    old = connect(other, incoming=not incoming)
    assert wants(other, incoming=incoming) is joins
    assert (old.close_reason is not None) is replaces
    if replaces:  # the old one is on its way out and does not count
        assert wants(other, incoming=incoming)


@pytest.mark.parametrize("name", [LOWER, HIGHER])
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.66"])
def test_an_impostor_neither_displaces_nor_blocks(
    peer_list: PeerList, connect: Make, wants: Callable[..., bool], name: PeerId, host: str
) -> None:
    peer_list.learn([candidate(name, 7)])
    impostor = connect(name, 1, host=host)
    assert list(peer_list.to_dial(0.0)) == [Endpoint("127.0.0.1", 7)]
    assert wants(name, port=7, incoming=False), "the honest one is reached"
    honest = connect(name, 7, incoming=False)
    wants(name, port=2, host=host)
    assert honest.close_reason is None
    assert impostor.user is None


def test_a_useful_incoming_peer_is_not_dialled(peer_list: PeerList, connect: Make) -> None:
    peer_list.learn([candidate(LOWER, 7)])
    came = connect(LOWER, 1)
    assert list(peer_list.to_dial(0.0, complete=True)) == []
    came.decoder.payload = 1
    assert list(peer_list.to_dial(0.0)) == []


def test_a_ban_holds_for_the_address_under_any_peer_id(
    peer_list: PeerList, connect: Make, wants: Callable[..., bool]
) -> None:
    liar = connect(LOWER, 5, host="127.0.0.66")
    peer_list.remove(liar, 0.0)
    peer_list.ban(liar.key, "lied")
    peer_list.ban(liar.key, "lied again")
    peer_list.ban(999, "nobody")
    assert not wants(HIGHER, host="127.0.0.66")
    assert wants(LOWER), "the name is not the liar's to choose"
    still_here = connect(HIGHER, 6)
    peer_list.ban(still_here.key, "lied")
    assert still_here.close_reason == "banned: lied"


def test_a_dialled_liar_is_banned_without_its_address(
    peer_list: PeerList, connect: Make, wants: Callable[..., bool]
) -> None:
    peer_list.learn([candidate(LOWER, 5, "mallory"), candidate(HIGHER, 6, "bob")])
    liar = connect(LOWER, 5, incoming=False)
    silent, giving = connect(ME, 8), connect(ME, 9)
    giving.decoder.payload = 1
    peer_list.ban(liar.key, "lied")
    assert silent.close_reason is not None
    assert giving.close_reason is None
    peer_list.remove(liar, 0.0)
    peer_list.remove(silent, 0.0)
    assert list(peer_list.to_dial(100.0)) == [Endpoint("127.0.0.1", 6)]
    assert wants(HIGHER, port=6, incoming=False)
    assert not wants(HIGHER, port=7)


@pytest.mark.parametrize("config", [SwarmConfig(connections=3, remembered_parties=2)])
def test_pending_bans_are_bounded(
    peer_list: PeerList, connect: Make, wants: Callable[..., bool]
) -> None:
    first, *_ = [connect(PeerId(bytes([number]) * 20), number) for number in range(3)]
    peer_list.remove(first, 0.0)
    peer_list.ban(first.key, "too long ago")
    assert wants(first.handshake.peer_id, incoming=True)


def test_announced_peers_are_known(peer_list: PeerList, connect: Make) -> None:
    outsider, other = connect(LOWER, 1), connect(HIGHER, 2)
    assert peer_list.learn([candidate(LOWER, 7)]) == [outsider]
    assert outsider.user == "bob"
    assert peer_list.learn([candidate(LOWER, 7)]) == []
    assert not peer_list.recognise(other)


def test_a_peer_id_from_another_address_is_unknown(peer_list: PeerList, connect: Make) -> None:
    impostor = connect(LOWER, 1, host="127.0.0.66")
    assert peer_list.learn([candidate(LOWER, 7)]) == []
    assert not peer_list.remember(impostor)
    honest = connect(LOWER, 2)
    assert peer_list.remember(honest)
    assert (impostor.user, honest.user) == (None, "bob")


def test_dialled_peers_are_known_by_address(peer_list: PeerList, connect: Make) -> None:
    peer_list.learn([candidate(LOWER, 7)])
    dialled = connect(HIGHER, 7, incoming=False)  # calls itself something else
    assert peer_list.recognise(dialled)
    assert dialled.user == "bob"
    assert list(peer_list.to_dial(0.0)) == []
    assert not peer_list.recognise(connect(HIGHER, 8, incoming=False))


def test_refused_peers_are_not_dialled(peer_list: PeerList, connect: Make) -> None:
    peer_list.learn([candidate(LOWER, 7)])
    outsider = connect(LOWER, 1)
    assert not peer_list.identified(outsider, None, is_member=False)
    assert outsider.close_reason is not None
    peer_list.remove(outsider, 0.0)
    assert list(peer_list.to_dial(0.0)) == []


@pytest.mark.parametrize("config", [SwarmConfig(connections=9, max_connections_each=2)])
def test_connections_per_member_and_address_are_bounded(peer_list: PeerList, connect: Make) -> None:
    three = [connect(LOWER, port) for port in (1, 2, 3)]
    assert [peer_list.identified(one, "bob", is_member=True) for one in three] == [
        True,
        True,
        False,
    ]
    assert three[2].close_reason == "too many connections of one member"


def test_after_an_outage_only_new_announces_count(peer_list: PeerList, connect: Make) -> None:
    peer_list.learn([candidate(LOWER, 7)])
    assert peer_list.identified(connect(HIGHER, 1), "ann", is_member=True)
    peer_list.forget_candidates()
    assert list(peer_list.to_dial(0.0)) == []
    assert not peer_list.remember(connect(HIGHER, 2))
    assert not peer_list.recognise(connect(LOWER, 7, incoming=False))


def test_without_a_tracker_identified_peers_stay_known(peer_list: PeerList, connect: Make) -> None:
    first = connect(LOWER, 1)
    assert peer_list.identified(first, "bob", is_member=True)
    nameless = connect(HIGHER, 3)
    assert peer_list.identified(nameless, None, is_member=True)
    peer_list.remove(nameless, 0.0)
    again, other = connect(LOWER, 2), connect(HIGHER, 4)
    assert (peer_list.remember(again), peer_list.remember(other)) == (True, False)
    peer_list.disconnect_user("bob")
    assert first.close_reason == again.close_reason == "it was removed from the group"
    assert not peer_list.remember(connect(LOWER, 5))


def test_failed_dials_are_retried_less_and_less(peer_list: PeerList) -> None:
    peer_list.learn([candidate(LOWER, 7)])
    endpoint = Endpoint("127.0.0.1", 7)
    now, dials = 0.0, 0
    while now < 60.0:
        for _ in peer_list.to_dial(now):
            dials += 1
            peer_list.dial_failed(endpoint, now, Obstacle.REFUSED)
        now += 0.25
    assert dials == 5  # at 0, 2, 6, 14, 30 s
    assert peer_list.reachability() == (1, [Obstacle.REFUSED])


def test_peers_that_leave_after_the_handshake_are_dialled_less_and_less(
    peer_list: PeerList, make: Make
) -> None:
    peer_list.learn([candidate(LOWER, 7)])
    for now in (0.0, 2.0, 6.0):
        assert list(peer_list.to_dial(now)) == [Endpoint("127.0.0.1", 7)]
        connection = make(LOWER, 7, incoming=False)
        peer_list.add(connection, now)
        peer_list.remove(connection, now)
    assert list(peer_list.to_dial(13.0)) == []
    assert peer_list.reachability() == (1, [Obstacle.LEFT])


def test_a_peer_met_at_another_of_its_addresses_is_not_dialled_again(
    peer_list: PeerList, connect: Make
) -> None:
    inside = Endpoint("192.168.1.10", 5)
    (listed, stranger) = candidate(LOWER, 5), candidate(HIGHER, 6, "eve")
    listed.others = stranger.others = (inside,)
    peer_list.learn([listed, stranger])
    assert peer_list.candidate_at(listed.endpoint) is listed
    connection = connect(LOWER, inside.port, host=inside.host, incoming=False)
    assert connection.user == "bob" or peer_list.recognise(connection)
    assert list(peer_list.to_dial(0.0)) == [stranger.endpoint], "it only names the same address"


def test_a_neighbour_that_dials_us_is_recognised(peer_list: PeerList, connect: Make) -> None:
    neighbour = candidate(LOWER, 5)
    neighbour.others = (Endpoint("192.168.1.10", 5),)
    peer_list.learn([neighbour])
    connection = connect(LOWER, 40000, host="192.168.1.10", incoming=True)
    assert connection.user == "bob" or peer_list.recognise(connection)
    connection.decoder.payload = 1
    assert list(peer_list.to_dial(0.0)) == []
