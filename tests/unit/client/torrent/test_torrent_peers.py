"""A torrent and its connections: admission, messages, dialling, and closing."""

from __future__ import annotations

import pytest

from client.core.admission.candidates import FIRST_PAUSE, PeerCandidate
from client.core.admission.obstacle import Obstacle
from client.core.swarm.swarm_config import SwarmConfig
from client.net.tracker.announced import UnidentifiedPeer
from client.torrent.connection_slots import ConnectionSlots
from common.types import Endpoint, PeerId
from common.wire.handshake import ExtensionHandshake, Handshake
from common.wire.messages import (
    BitfieldMessage,
    Choke,
    Extended,
    HaveAll,
    HaveNone,
    Interested,
    KeepAlive,
    NotInterested,
    Suggest,
    Unchoke,
)
from tests.support.fakes.connections import PEER, FakeTransport, handshake_for
from tests.support.fakes.torrents import ME, PEER_AT, FakeClient, TorrentBench, connect_member
from tests.unit.client.torrent.conftest import Bench
from tests.unit.client.torrent.listed import BOB, learn


# --- admission ------------------------------------------------------------------------------
def test_a_peer_that_dials_us_is_answered_and_introduced_to(bench: Bench) -> None:
    at_work, transport = bench(), FakeTransport()
    connection = at_work.admit(transport=transport)
    assert connection is not None
    assert transport.sent == Handshake(at_work.metainfo.info_hash, ME).encode()
    assert connection.has_started
    pieces, introduction = connection.received
    assert pieces == HaveNone()
    assert isinstance(introduction, Extended)
    ours = ExtensionHandshake.decode(introduction.payload)
    assert (ours.client, ours.port, ours.upload_only) == ("Minitorrent", 6881, False)
    assert ours.metadata_size == len(at_work.metainfo.info_bytes)


def test_a_peer_that_we_dialled_has_our_handshake_already(bench: Bench) -> None:
    at_work, transport = bench(), FakeTransport()
    assert at_work.admit(incoming=False, transport=transport)
    assert transport.sent == b""


@pytest.mark.parametrize(
    ("have", "fast", "said"),
    [
        ((), False, None),
        ((0, 2), True, BitfieldMessage(b"\xa0")),
        ((0, 1, 2, 3), True, HaveAll()),
        ((0, 1, 2, 3), False, BitfieldMessage(b"\xf0")),
    ],
)
def test_a_new_peer_gets_our_bitfield(
    bench: Bench, have: tuple[int, ...], fast: bool, said: object
) -> None:
    connection = bench(*have).admit(fast=fast)
    assert connection is not None
    assert [one for one in connection.received if not isinstance(one, Extended)] == (
        [said] if said else []
    )


def test_we_are_no_peer_of_our_own(bench: Bench) -> None:
    at_work, transport = bench(), FakeTransport()
    assert at_work.admit(ME, transport=transport) is None
    assert transport.sent == b""
    assert at_work.owner.unidentified == []


def test_a_peer_without_threads_is_refused_and_leaves_no_trace(bench: Bench) -> None:
    client = FakeClient(connection_slots=ConnectionSlots(1))
    at_work = bench(client=client)
    client.connections.has_threads = False
    assert at_work.admit() is None
    assert (at_work.torrent.connection_count, client.connection_slots.free) == (0, 1)
    assert at_work.torrent.peers() == []
    client.connections.has_threads = True
    assert at_work.admit() is not None
    assert client.connection_slots.free == 0


def test_no_more_peers_than_the_whole_client_has_places_for(bench: Bench) -> None:
    at_work = bench(client=FakeClient(connection_slots=ConnectionSlots(2)))
    assert at_work.admit(PeerId(b"a" * 20), Endpoint("127.0.0.3", 1))
    assert at_work.admit(PeerId(b"b" * 20), Endpoint("127.0.0.4", 1))
    assert at_work.admit(PeerId(b"c" * 20), Endpoint("127.0.0.5", 1)) is None
    at_work.client.connections.made[0].end()
    assert at_work.admit(PeerId(b"c" * 20), Endpoint("127.0.0.5", 1))


# --- identification ---------------------------------------------------------------------------
def test_the_owner_is_asked_to_identify_a_peer(bench: Bench) -> None:
    at_work = bench()
    connection = at_work.admit()
    assert connection is not None
    assert at_work.owner.unidentified == [UnidentifiedPeer(connection.key, PEER, PEER_AT.host)]


def test_a_dialled_peer_that_the_tracker_lists_is_known(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    learn(at_work, BOB)
    connection = at_work.admit(incoming=False)
    assert connection is not None
    assert connection.user == "bob"
    assert at_work.owner.unidentified == []
    connection.receive(Interested())
    assert Unchoke() in connection.received


def test_an_unknown_peer_is_served_nothing_until_it_is_listed(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    connection = at_work.admit()
    assert connection is not None
    connection.receive(Interested())
    at_work.pass_time(30.0)
    assert Unchoke() not in connection.received
    learn(at_work, BOB)
    assert Unchoke() in connection.received


def test_non_members_are_disconnected(bench: Bench) -> None:
    at_work = bench()
    connection = at_work.admit()
    assert connection is not None
    at_work.torrent.identified(connection.key, None, is_member=False)
    assert connection.close_reason == "not known to the tracker as a member"


def test_without_a_tracker_a_peer_waits_unless_it_was_known_before(bench: Bench) -> None:
    at_work = bench(0, 1, 2, 3)
    at_work.member("bob").end()
    again = at_work.admit(PeerId(b"-MI0100-bobppppppppp"))
    unknown = at_work.admit(PeerId(b"x" * 20), Endpoint("127.0.0.9", 1))
    assert again is not None
    assert unknown is not None
    for connection in (again, unknown):
        at_work.torrent.identified(connection.key, None, is_member=None)
    assert (again.user, unknown.user) == ("bob", None)
    assert (again.close_reason, unknown.close_reason) == (None, None)


def test_an_answer_about_a_peer_that_has_left_changes_nothing(bench: Bench) -> None:
    at_work = bench()
    connection = at_work.admit()
    assert connection is not None
    connection.end()
    at_work.torrent.identified(connection.key, "bob", is_member=True)
    assert connection.user is None
    assert connection.close_reason == "closed by the peer"


def test_a_removed_member_is_disconnected_and_the_others_are_not(bench: Bench) -> None:
    at_work = bench()
    bob, eve = at_work.member("bob"), at_work.member("eve", "127.0.0.3")
    at_work.torrent.disconnect_user("bob")
    assert bob.close_reason == "it was removed from the group"
    assert eve.close_reason is None


# --- dialling ---------------------------------------------------------------------------------
def test_a_new_peer_is_sent_everything_at_once(bench: Bench) -> None:
    """TCP lets ten packets out before the first acknowledgement, however small they are."""
    at_work = bench(0, 1, 2, 3)
    connection = connect_member(at_work.client, at_work.torrent, "bob")
    assert {type(message) for message in connection.received} >= {HaveAll, Suggest, Unchoke}
    assert connection.sends <= 2, "its greeting, and what follows once it is known as a member"


def test_listed_peers_are_dialled_and_admitted(bench: Bench) -> None:
    at_work = bench()
    learn(at_work, BOB)
    (dial,) = at_work.client.dialer.take()
    assert (dial.endpoint, dial.info_hash) == (PEER_AT, at_work.metainfo.info_hash)
    assert (dial.group, dial.group_tls) == ("minitorrent:test", None)
    assert dial.connected(FakeTransport(), handshake_for(dial.info_hash), dial.endpoint)
    ((connection, _),) = at_work.torrent.peers()
    assert (connection.incoming, connection.user) == (False, "bob")
    at_work.pass_time(10.0)
    assert at_work.client.dialer.take() == [], "it is connected"


def test_unreachable_peers_are_dialled_again_after_a_pause(bench: Bench) -> None:
    at_work = bench()
    learn(at_work, BOB)
    (dial,) = at_work.client.dialer.take()
    dial.failed(dial.endpoint, Obstacle.REFUSED)
    at_work.pass_time(FIRST_PAUSE - 0.5, step=0.5)
    assert at_work.client.dialer.take() == []
    at_work.pass_time(1.0)
    (again,) = at_work.client.dialer.take()
    again.failed(again.endpoint, Obstacle.REFUSED)
    assert at_work.torrent.reachability() == (1, [Obstacle.REFUSED])


def test_a_full_dialer_is_asked_again_later(bench: Bench) -> None:
    at_work = bench()
    at_work.client.dialer.accepts = False
    learn(at_work, BOB)
    at_work.client.dialer.accepts = True
    at_work.pass_time(FIRST_PAUSE + 1.0)
    assert len(at_work.client.dialer.take()) == 1
    assert at_work.torrent.reachability() == (1, []), "that was not the peer's fault"


def test_without_a_free_place_nobody_is_dialled(bench: Bench) -> None:
    at_work = bench(client=FakeClient(connection_slots=ConnectionSlots(1)))
    taking = at_work.member("eve", "127.0.0.3")
    learn(at_work, BOB)
    assert at_work.client.dialer.take() == []
    taking.end()
    at_work.torrent.tick()
    assert len(at_work.client.dialer.take()) == 1


def test_after_the_tracker_was_away_only_its_new_list_counts(bench: Bench) -> None:
    at_work = bench()
    at_work.client.dialer.accepts = False
    learn(at_work, BOB)
    at_work.torrent.forget_candidates()
    at_work.client.dialer.accepts = True
    at_work.pass_time(60.0)
    assert at_work.client.dialer.take() == []


# --- the clock --------------------------------------------------------------------------------
def test_a_quiet_connection_is_kept_alive_and_a_silent_one_closed(bench: Bench) -> None:
    config = SwarmConfig()
    at_work = bench(0)
    quiet = at_work.member()
    assert KeepAlive() not in quiet.received
    at_work.pass_time(config.keep_alive_every + 1.0)
    assert KeepAlive() in quiet.received
    quiet.receive(NotInterested())
    at_work.pass_time(config.silent_after - 1.0)
    assert quiet.close_reason is None
    at_work.pass_time(3.0)
    assert quiet.close_reason == "said nothing for too long"


def test_peers_that_owe_blocks_for_too_long_are_disconnected(bench: Bench) -> None:
    at_work = bench()
    seeder = at_work.seeder()
    at_work.pass_time(SwarmConfig().hopeless_after + 2.0)
    assert seeder.connection.close_reason == "did not send what was requested"


def test_more_peers_than_slots_are_served_in_turns(bench: Bench) -> None:
    config = SwarmConfig(upload_slots=1)
    at_work = bench(0, 1, 2, 3, client=FakeClient(config))
    peers = [at_work.member(name, f"127.0.0.{at}") for at, name in enumerate("abc", 3)]
    for peer in peers:
        peer.receive(Interested())
    assert [Unchoke() in peer.received for peer in peers] == [True, False, False]
    had_turn, was_choked = {0}, False
    for _ in range(12):
        at_work.pass_time(config.rechoke_every)
        for number, peer in enumerate(peers):
            received = peer.received
            was_choked |= Choke() in received
            if Unchoke() in received:
                had_turn.add(number)
    assert had_turn == {0, 1, 2}
    assert was_choked


# --- the end ----------------------------------------------------------------------------------
def test_a_stop_closes_and_refuses_all_connections(bench: Bench) -> None:
    at_work = bench()
    peers = [at_work.member("bob"), at_work.member("eve", "127.0.0.3")]
    at_work.torrent.stop()
    assert [peer.close_reason for peer in peers] == ["stopped"] * 2
    assert all(peer.has_ended for peer in peers)
    assert at_work.torrent.connection_count == 0
    assert at_work.client.connection_slots.free == 100
    assert at_work.admit(PeerId(b"x" * 20), Endpoint("127.0.0.9", 1)) is None


def test_after_a_stop_nobody_is_dialled_and_nothing_requested(bench: Bench) -> None:
    at_work = bench()
    at_work.throttle.down.own.set_rate(1, 0.0)
    seeder = at_work.seeder()
    (request,) = at_work.torrent.download_requests()
    at_work.torrent.stop()
    learn(at_work, PeerCandidate(Endpoint("127.0.0.9", 1), PEER, "eve"))
    at_work.torrent.tick()
    assert at_work.client.dialer.take() == []
    assert request.take(8) == 0
    assert seeder.listen() == []


def test_a_dial_that_succeeds_after_the_stop_is_not_wanted(bench: Bench) -> None:
    at_work = bench()
    learn(at_work, BOB)
    (dial,) = at_work.client.dialer.take()
    at_work.torrent.stop()
    assert not dial.connected(FakeTransport(), handshake_for(dial.info_hash), dial.endpoint)
    assert at_work.torrent.connection_count == 0


class StoppingTransport(FakeTransport):
    """Stops the torrent while our handshake is sent."""

    def __init__(self, bench: TorrentBench) -> None:
        super().__init__()
        self._bench = bench

    def send(self, buffers: list[bytes | memoryview]) -> None:
        super().send(buffers)
        self._bench.torrent.stop()


def test_a_torrent_that_stops_during_a_handshake_admits_nobody(bench: Bench) -> None:
    at_work = bench()
    assert at_work.admit(transport=StoppingTransport(at_work)) is None
    assert at_work.torrent.connection_count == 0
    assert not at_work.client.connections.made[-1].has_started
