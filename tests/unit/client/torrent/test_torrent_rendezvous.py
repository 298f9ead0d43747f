"""A torrent that reaches peers through a rendezvous or a relay."""

from __future__ import annotations

from dataclasses import replace

from client.core.admission.candidates import FIRST_PAUSE, PeerCandidate
from client.core.admission.obstacle import Obstacle
from client.core.admission.route import Route
from common.types import PeerId
from tests.support.fakes.connections import PEER, FakeTransport, handshake_for
from tests.support.fakes.torrents import PEER_AT, FakeClient
from tests.unit.client.torrent.conftest import Bench
from tests.unit.client.torrent.listed import BOB, learn


def test_a_peer_that_gives_no_answer_is_met_elsewhere(bench: Bench) -> None:
    client = FakeClient()
    at_work = bench(client=client)
    learn(at_work, BOB)
    (dial,) = client.dialer.dials
    dial.unanswered()
    ((meeting, user, peer_id),) = client.rendezvous.asked
    assert (user, peer_id) == ("bob", PEER)
    assert (meeting.endpoint, meeting.info_hash) == (PEER_AT, at_work.metainfo.info_hash)
    shaken = handshake_for(at_work.metainfo.info_hash, PEER)
    assert meeting.connected(FakeTransport(), shaken, PEER_AT)
    (connection,) = client.connections.made
    assert connection.user == "bob"
    dial.failed(PEER_AT, Obstacle.NO_ANSWER)  # the direct way, later
    assert at_work.torrent.reachability() == (1, [])
    assert not at_work.torrent.is_idle
    meeting.failed(PEER_AT, Obstacle.NO_WAY)
    assert at_work.torrent.reachability() == (1, [])


def test_a_peer_that_others_know_as_silent_is_met_at_once(bench: Bench) -> None:
    client = FakeClient()
    at_work = bench(client=client)
    learn(at_work, BOB)
    assert not client.dialer.dials[0].is_silent
    client.dialer.dials[0].unanswered()
    client.dialer.dials[0].failed(PEER_AT, Obstacle.NO_ANSWER)
    learn(at_work, replace(BOB, silent=True))
    client.clock.now += FIRST_PAUSE
    at_work.torrent.tick()
    assert client.dialer.dials[1].is_silent
    client.dialer.dials[1].unanswered()
    assert client.rendezvous.unanswered == [True, False], "the tracker is told what we know"


def test_nobody_is_met_either(bench: Bench) -> None:
    client = FakeClient()
    at_work = bench(client=client)
    learn(at_work, BOB)
    for dial in client.dialer.dials * 2:
        dial.unanswered()
        client.rendezvous.asked[-1][0].failed(PEER_AT, Obstacle.NO_WAY)
        dial.failed(PEER_AT, Obstacle.NO_ANSWER)
    assert at_work.torrent.reachability() == (1, [Obstacle.NO_WAY])


def test_a_rendezvous_that_could_not_be_tried_says_nothing(bench: Bench) -> None:
    client = FakeClient()
    at_work = bench(client=client)
    learn(at_work, BOB)
    for dial in client.dialer.dials * 2:
        dial.unanswered()
        client.rendezvous.asked[-1][0].failed(PEER_AT, None)
        dial.failed(PEER_AT, Obstacle.NO_ANSWER)
    assert at_work.torrent.reachability() == (1, [Obstacle.NO_ANSWER])


def test_stock_clients_know_no_rendezvous(bench: Bench) -> None:
    client = FakeClient()
    stock = PeerCandidate(PEER_AT, PeerId(b"-qB5000-pppppppppppp"), "bob")
    learn(bench(client=client), stock)
    client.dialer.dials[0].unanswered()
    assert not client.rendezvous.asked


def test_a_stopped_torrent_asks_for_nothing(bench: Bench) -> None:
    client = FakeClient()
    at_work = bench(client=client)
    learn(at_work, BOB)
    at_work.torrent.stop()
    client.dialer.dials[0].unanswered()
    assert not client.rendezvous.asked


def test_a_relay_is_asked_for_once(bench: Bench) -> None:
    client = FakeClient()
    at_work = bench(client=client)
    learn(at_work, BOB)
    (dial,) = client.dialer.dials
    dial.unanswered()
    transport = FakeTransport()
    transport.route = Route.RELAYED
    shaken = handshake_for(at_work.metainfo.info_hash, PEER)
    assert client.rendezvous.asked[0][0].connected(transport, shaken, PEER_AT)
    dial.failed(PEER_AT, Obstacle.NO_ANSWER)
    client.clock.now += FIRST_PAUSE
    at_work.torrent.tick()
    client.dialer.dials[-1].unanswered()  # it looks for a better way
    assert client.rendezvous.relays == [True, False]
