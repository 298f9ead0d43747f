"""Which peers an announce is answered with."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from common.types import PeerId
from tracker.domain.selection import PLACES, Peer, count_peers, place_of, select_peers

SEEDER = Peer(1, "ann", PeerId(b"a" * 20), "10.0.0.1", 1, left=0)
LEECHER = Peer(2, "bob", PeerId(b"b" * 20), "10.0.0.2", 2, left=5)
PEERS = st.lists(
    st.builds(
        Peer,
        user_id=st.integers(1, 3),
        user=st.just("x"),
        peer_id=st.sampled_from([PeerId(b"a" * 20), PeerId(b"b" * 20), PeerId(b"c" * 20)]),
        host=st.just("10.0.0.1"),
        port=st.integers(0, 2),
        left=st.integers(0, 2),
    )
)


@given(PEERS, st.sampled_from([SEEDER, LEECHER]), st.integers(0, 10), st.integers(), st.booleans())
def test_only_and_all_useful_peers_can_be_selected(
    peers: list[Peer], asker: Peer, wanted: int, seed: int, with_seeders: bool
) -> None:
    chosen = select_peers(peers, asker, wanted, random.Random(seed), with_seeders=with_seeders)

    useful = [
        peer
        for peer in peers
        if peer.port > 0
        and not (peer.user_id == asker.user_id and peer.peer_id == asker.peer_id)
        and (with_seeders or peer.left > 0)
    ]
    assert len(chosen) == min(wanted, len(useful))
    assert all(chosen.count(peer) <= useful.count(peer) for peer in chosen)


def test_a_leecher_gets_seeders_and_leechers() -> None:
    other = LEECHER._replace(user_id=3)
    chosen = select_peers(
        [SEEDER, LEECHER, other], LEECHER, 50, random.Random(0), with_seeders=True
    )
    assert set(chosen) == {SEEDER, other}


def test_another_user_with_the_requesters_peer_id_is_returned() -> None:
    other = LEECHER._replace(user_id=3)
    chosen = select_peers([other], LEECHER, 1, random.Random(0), with_seeders=False)
    assert chosen == [other]


def test_the_choice_is_random() -> None:
    peers = [SEEDER._replace(port=port) for port in range(1, 50)]
    choices = {
        select_peers(peers, LEECHER, 1, random.Random(seed), with_seeders=True)[0]
        for seed in range(50)
    }
    assert len(choices) > 10


def test_seeders_and_leechers_are_counted() -> None:
    assert count_peers([SEEDER, LEECHER, LEECHER._replace(user_id=3)]) == (1, 2)
    assert count_peers([]) == (0, 0)


def test_a_client_with_two_addresses_counts_once() -> None:
    there_too = LEECHER._replace(host="2001:db8::2")
    assert count_peers([LEECHER, there_too]) == (0, 1)
    # It finished between its two announces.
    assert count_peers([LEECHER, there_too._replace(left=0)]) == (1, 0)
    assert count_peers([LEECHER._replace(left=0), there_too]) == (1, 0)


def test_both_addresses_of_a_client_are_returned_but_not_to_itself() -> None:
    there_too = SEEDER._replace(host="2001:db8::1")
    present = [SEEDER, there_too, LEECHER]
    assert set(select_peers(present, LEECHER, 50, random.Random(0), with_seeders=True)) == {
        SEEDER,
        there_too,
    }
    assert select_peers(present, SEEDER, 50, random.Random(0), with_seeders=True) == [LEECHER]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=60), st.integers(0, 30), st.integers())
def test_users_take_turns(users: list[int], wanted: int, seed: int) -> None:
    """No user gets a second place while another present user has none."""
    present = [SEEDER._replace(user_id=user, port=port) for port, user in enumerate(users, start=1)]
    asker = LEECHER._replace(user_id=99)
    chosen = select_peers(present, asker, wanted, random.Random(seed), with_seeders=True)
    got = Counter(peer.user_id for peer in chosen)
    for user, many in got.items():
        for other in set(users) - {user}:
            assert got[other] >= min(many - 1, users.count(other))


def test_users_are_spread_over_the_ring_of_each_file() -> None:
    places = [place_of(1, user) for user in range(1000)]
    assert all(0 <= place < PLACES for place in places)
    assert len(set(places)) == 1000
    halves = sum(place < PLACES // 2 for place in places)
    assert 400 < halves < 600
    assert places != [place_of(2, user) for user in range(1000)]
