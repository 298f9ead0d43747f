"""What an announce changes of its user's peers at a file."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from common.types import PeerId
from tracker.domain.presence import (
    PEERS_PER_FILE,
    REFRESH_SECONDS,
    Change,
    OwnPeer,
    Presence,
    advanced,
    arrival,
    bounded,
    departure,
    moved,
)
from tracker.domain.traffic import FASTEST

A, B = PeerId(b"a" * 20), PeerId(b"b" * 20)
V4, V6 = "10.0.0.1", "2001:db8::1"
HERE = Presence(A, V4, 1, left=5, uploaded=0, downloaded=0, connection_id="c")
STOCK = HERE._replace(connection_id=None, expires_at=1800.0)


def recorded(*presences: Presence) -> list[OwnPeer]:
    return [OwnPeer(number, 0.0, one) for number, one in enumerate(presences, start=1)]


def others(count: int) -> list[Presence]:
    return [
        HERE._replace(peer_id=PeerId(b"%020d" % number), port=100 + number)
        for number in range(count)
    ]


def test_a_first_announce_is_recorded() -> None:
    assert arrival([], HERE) == Change((), HERE, is_growth=True)


def test_an_announce_that_changes_nothing_is_not_recorded() -> None:
    assert arrival(recorded(HERE), HERE) is None
    assert arrival(recorded(*others(3), HERE), HERE) is None


def test_any_change_is_recorded() -> None:
    for change in (
        {"port": 2},
        {"host": "10.0.0.2"},
        {"left": 0},
        {"uploaded": 1},
        {"downloaded": 1},
        {"connection_id": "d"},
        {"connection_id": None, "expires_at": 1800.0},
    ):
        new = HERE._replace(**change)
        change_of = arrival(recorded(HERE), new)
        assert change_of is not None, change
        assert change_of._replace(is_progress=False) == Change((1,), new), change


def test_progress_is_what_nobody_else_is_told() -> None:
    for before, change, is_progress in (
        (HERE, {"left": 4}, True),
        (HERE, {"uploaded": 1, "downloaded": 1}, True),
        (HERE._replace(left=0), {"uploaded": 1}, True),
        (HERE, {"left": 0}, False),
        (HERE._replace(left=0), {"left": 5}, False),
        (HERE, {"port": 2, "left": 4}, False),
        (HERE, {"connection_id": "d"}, False),
        (HERE, {"connection_id": None, "expires_at": 1800.0}, False),
        (STOCK, {"left": 4, "expires_at": 2399.0}, True),
        (STOCK, {"expires_at": 2400.0}, False),  # what is recorded may be about to end
        (STOCK, {"expires_at": 1500.0}, False),  # the clock was set back
    ):
        found = arrival(recorded(before), before._replace(**change))
        assert found is not None, change
        assert found.is_progress == is_progress, change
    crowded = recorded(*others(PEERS_PER_FILE // 2), HERE)
    found = arrival(crowded, HERE._replace(left=4))
    assert found is not None
    assert not found.is_progress


def test_a_peer_advances_unless_it_has_changed_otherwise_since() -> None:
    reported = HERE._replace(left=4)
    peer = OwnPeer(7, 10.0, HERE)
    assert advanced([*recorded(*others(2)), peer], reported, 10.0) == 2
    assert advanced([peer], reported, 9.0) is None, "it was recorded later"
    for changed in ({"left": 0}, {"port": 2}, {"connection_id": "d"}):
        assert advanced([OwnPeer(7, 10.0, HERE._replace(**changed))], reported, 11.0) is None
    assert advanced([], reported, 10.0) is None


def test_a_presence_is_extended_when_a_good_part_of_it_has_gone() -> None:
    for seconds, is_recorded in (
        (0.0, False),
        (REFRESH_SECONDS - 1, False),
        (REFRESH_SECONDS, True),
        (-REFRESH_SECONDS, True),  # the clock was set back
    ):
        later = STOCK._replace(expires_at=1800.0 + seconds)
        assert (arrival(recorded(STOCK), later) is not None) == is_recorded, seconds


def test_a_user_with_many_peers_has_every_announce_recorded() -> None:
    """The order of a user's peers decides which one is dropped."""
    assert arrival(recorded(*others(PEERS_PER_FILE // 2), HERE), HERE) is not None


def test_the_address_in_the_other_family_is_kept() -> None:
    there_too = HERE._replace(host=V6)
    assert arrival(recorded(HERE), there_too) == Change((), there_too, is_growth=True)
    assert arrival(recorded(HERE, there_too), there_too) is None
    moved = HERE._replace(host="2001:db8::2")
    assert arrival(recorded(HERE, there_too), moved) == Change((2,), moved)


def test_a_restarted_client_replaces_its_former_self() -> None:
    back = HERE._replace(peer_id=B)
    assert arrival(recorded(HERE), back) == Change((1,), back)


def test_clients_that_cannot_be_dialled_do_not_replace_each_other() -> None:
    mute = HERE._replace(port=0)
    back = mute._replace(peer_id=B)
    assert arrival(recorded(mute), back) == Change((), back, is_growth=True)


def test_a_user_with_too_many_peers_loses_the_oldest() -> None:
    assert arrival(recorded(*others(PEERS_PER_FILE)), HERE) == Change((1,), HERE)
    assert arrival(recorded(*others(PEERS_PER_FILE - 1)), HERE) == Change((), HERE, is_growth=True)


def test_a_client_leaves_with_both_its_addresses() -> None:
    own = recorded(HERE, HERE._replace(peer_id=B), HERE._replace(host=V6))
    assert departure(own, A) == Change((1, 3), None)
    assert departure(own[1:2], A) is None


def test_enormous_numbers_are_bounded() -> None:
    assert bounded(7) == 7
    assert bounded(2**64 - 1) == bounded(2**63) < 2**50


def test_what_a_client_moved_is_what_it_reports_more() -> None:
    old = HERE._replace(uploaded=5, downloaded=7)
    other = HERE._replace(peer_id=B, uploaded=1000)
    own = [OwnPeer(1, 10.0, old), OwnPeer(2, 20.0, other)]
    new = HERE._replace(uploaded=8, downloaded=7)
    assert moved(own, new, 40.0) == (3, 0)
    assert moved([], new, 40.0) == (0, 0)
    assert moved(own, new._replace(uploaded=5 + 30 * FASTEST), 40.0) == (30 * FASTEST, 0)
    assert moved(own, new._replace(uploaded=6 + 30 * FASTEST), 40.0) == (0, 0)


class PeersMachine(RuleBasedStateMachine):
    """One user's clients come and go; what is recorded is compared with who came last."""

    def __init__(self) -> None:
        super().__init__()
        self.own: list[OwnPeer] = []
        self.number = 0

    @rule(
        peer_id=st.sampled_from([PeerId(b"%020d" % number) for number in range(12)]),
        host=st.sampled_from([V4, "10.0.0.2", V6]),
        port=st.integers(0, 3),
        left=st.integers(0, 1),
    )
    def announce(self, peer_id: PeerId, host: str, port: int, left: int) -> None:
        new = HERE._replace(peer_id=peer_id, host=host, port=port, left=left)
        before = len(self.own)
        change = arrival(self.own, new)
        if change is not None:
            self._apply(change)
            assert (len(self.own) > before) == change.is_growth
        assert [peer.presence for peer in self.own].count(new) == 1

    @rule(number=st.integers(0, 11))
    def leave(self, number: int) -> None:
        peer_id = PeerId(b"%020d" % number)
        change = departure(self.own, peer_id)
        if change is not None:
            self._apply(change)
        assert all(peer.presence.peer_id != peer_id for peer in self.own)

    def _apply(self, change: Change) -> None:
        assert set(change.drop) <= {peer.id for peer in self.own}
        self.own = [peer for peer in self.own if peer.id not in change.drop]
        if change.add is not None:
            self.number += 1
            self.own.append(OwnPeer(self.number, 0.0, change.add))

    @invariant()
    def bounds_hold(self) -> None:
        assert len(self.own) <= PEERS_PER_FILE
        keys = [(one.presence.peer_id, ":" in one.presence.host) for one in self.own]
        assert len(set(keys)) == len(keys), "a client has one address in each family"


TestPeers = PeersMachine.TestCase
