"""A torrent of a sealed group: certificates say who is let in, and for how long."""

from __future__ import annotations

import time

import pytest

from client.core.admission.candidates import PeerCandidate
from client.core.admission.route import Route
from client.net.transports.group_tls import GroupTls, Membership
from common.types import Endpoint, PeerId
from common.wire.messages import HaveAll, Interested, Request, Unchoke
from tests.support.fakes.connections import PEER, FakeConnection, FakeTransport, Seeder
from tests.support.fakes.torrents import PEER_AT, Clock, FakeClient, TorrentBench
from tests.support.security.authority import HOUR, Group
from tests.unit.client.torrent.conftest import Bench

LAB, OTHER = Group("lab"), Group("other")
MINE = LAB.issue("ann")


class Sealed:
    """Ann's torrent in the sealed group lab, and its other members."""

    def __init__(self, bench: Bench, *have: int) -> None:
        self.client = FakeClient()
        self.clock: Clock = self.client.clock
        self.clock.now = time.time()  # our own certificate's times are real
        self.group_tls = GroupTls(LAB.certificate, self.clock)
        self.group_tls.set_certificate(MINE.certificate, MINE.key)
        self.bench: TorrentBench = bench(*have, client=self.client, group_tls=self.group_tls)
        self.torrent = self.bench.torrent

    def membership(
        self, user: str = "bob", login: str = "bob-1", lifetime: float = HOUR
    ) -> Membership:
        return Membership(user, login, self.clock.now + lifetime, self.group_tls)

    def admit(
        self,
        membership: Membership | None,
        endpoint: Endpoint = PEER_AT,
        *,
        peer_id: PeerId = PEER,
        incoming: bool = True,
    ) -> FakeConnection | None:
        return self.bench.admit(
            peer_id, endpoint, incoming=incoming, transport=FakeTransport(membership)
        )

    def member(self, membership: Membership, endpoint: Endpoint = PEER_AT) -> FakeConnection:
        connection = self.admit(membership, endpoint)
        assert connection is not None
        return connection


@pytest.fixture
def sealed(bench: Bench) -> Sealed:
    return Sealed(bench)


def test_a_member_is_identified_at_once_and_gets_requests(sealed: Sealed) -> None:
    bob = sealed.member(sealed.membership())
    assert bob.user == "bob"
    assert sealed.bench.owner.unidentified == []
    bob.receive(HaveAll(), Unchoke())
    assert [one for one in bob.received if isinstance(one, Request)]


def test_a_member_is_served_at_once(bench: Bench) -> None:
    bob = (sealed := Sealed(bench, 0, 1, 2, 3)).member(sealed.membership())
    bob.receive(Interested())
    assert Unchoke() in bob.received


def test_a_plain_connection_is_refused_though_the_tracker_lists_it(sealed: Sealed) -> None:
    sealed.torrent.learn([PeerCandidate(PEER_AT, PEER, "bob")])
    for incoming in (True, False):
        assert sealed.admit(None, incoming=incoming) is None
    assert sealed.torrent.connection_count == 0


def test_a_member_of_another_group_is_refused(sealed: Sealed) -> None:
    other = GroupTls(OTHER.certificate, sealed.clock)
    assert sealed.admit(Membership("bob", "bob-1", sealed.clock.now + HOUR, other)) is None


def test_a_revoked_login_is_refused_and_disconnected_and_another_of_the_user_is_not(
    sealed: Sealed,
) -> None:
    revoked = sealed.member(sealed.membership(login="bob-1"))
    other = sealed.member(sealed.membership(login="bob-2"), PEER_AT._replace(host="127.0.0.3"))
    sealed.group_tls.revoke(["bob-1"])
    sealed.torrent.disconnect_unaccepted()
    assert revoked.close_reason is not None
    assert other.close_reason is None
    revoked.end()
    assert sealed.admit(sealed.membership(login="bob-1")) is None


def test_a_reported_removal_alone_changes_nothing(sealed: Sealed) -> None:
    bob = sealed.member(sealed.membership())
    sealed.torrent.disconnect_user("bob")
    assert bob.close_reason is None, "revoked certificates decide"


def test_a_connection_ends_with_its_certificate(sealed: Sealed) -> None:
    bob = sealed.member(sealed.membership(lifetime=60.0))
    sealed.bench.pass_time(59.0)
    assert bob.close_reason is None
    sealed.bench.pass_time(1.0)
    assert bob.close_reason == "its certificate has expired, or it was removed from the group"


def test_a_connection_is_replaced_before_its_certificate_ends(sealed: Sealed) -> None:
    """We dial the peer again, and the connection that lasts longer stays."""
    margin = sealed.group_tls.renewal_margin
    assert 60.0 < margin < HOUR
    first = sealed.admit(sealed.membership(lifetime=margin + 10.0), incoming=False)
    assert first is not None
    sealed.torrent.tick()
    assert sealed.client.dialer.take() == []
    sealed.clock.advance(20.0)
    sealed.torrent.tick()
    (dial,) = sealed.client.dialer.take()
    assert (dial.endpoint, dial.group_tls) == (PEER_AT, sealed.group_tls)
    second = sealed.admit(sealed.membership(lifetime=HOUR), incoming=False)
    assert second is not None
    assert first.close_reason == "replaced by a second connection"
    assert second.close_reason is None


def test_a_connection_that_ends_sooner_replaces_none(sealed: Sealed) -> None:
    first = sealed.member(sealed.membership(lifetime=HOUR))
    assert sealed.admit(sealed.membership(lifetime=HOUR / 2)) is None
    assert first.close_reason is None


def test_a_ban_holds_for_the_login_at_every_address(sealed: Sealed) -> None:
    liar = sealed.member(sealed.membership())
    seeder = Seeder(liar, sealed.bench.metainfo, sealed.bench.content, lies=range(4))
    seeder.offer()
    seeder.give(1)
    assert liar.close_reason == "banned: sent a piece with the wrong hash"
    assert sealed.torrent.liars() == (f"bob at {PEER_AT}",)
    elsewhere = PEER_AT._replace(host="127.0.0.9")
    assert sealed.admit(sealed.membership(), elsewhere, peer_id=PeerId(b"x" * 20)) is None
    honest = sealed.admit(sealed.membership("eve", "eve-1"), peer_id=PeerId(b"y" * 20))
    assert honest is not None, "another member at the liar's address"


@pytest.mark.parametrize("incoming", [True, False])
def test_a_direct_connection_replaces_a_relayed_one_and_is_not_replaced_by_it(
    sealed: Sealed, incoming: bool
) -> None:
    def admit(route: Route) -> FakeConnection | None:
        transport = FakeTransport(sealed.membership())
        transport.route = route
        return sealed.bench.admit(PEER, PEER_AT, incoming=incoming, transport=transport)

    relayed = admit(Route.RELAYED)
    assert relayed is not None
    direct = admit(Route.PUNCHED)
    assert direct is not None
    assert relayed.close_reason is not None
    assert admit(Route.RELAYED) is None
    assert direct.close_reason is None


def test_a_relayed_peer_is_still_dialled(sealed: Sealed) -> None:
    transport = FakeTransport(sealed.membership())
    transport.route = Route.RELAYED
    assert sealed.bench.admit(PEER, PEER_AT, incoming=True, transport=transport)
    sealed.torrent.learn([PeerCandidate(PEER_AT, PEER, "bob")])
    assert [dial.endpoint for dial in sealed.client.dialer.dials] == [PEER_AT]
