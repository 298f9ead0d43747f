from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from client.core.swarm.choker import (
    NEWCOMER_WEIGHT,
    SPREADER_WEIGHT,
    ChokeCandidate,
    Choker,
    choose_optimistic,
    choose_unchoked,
    givers_first,
)
from client.core.swarm.swarm_config import SwarmConfig


def candidate(key: int, rate: float = 0.0, **flags: bool) -> ChokeCandidate:
    return ChokeCandidate(key, **{"eligible": True, **flags}, rate=rate)


CANDIDATES = st.lists(
    st.builds(
        ChokeCandidate,
        st.integers(0, 30),
        st.booleans(),
        st.floats(0, 1e6),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=20,
    unique_by=lambda c: c.key,
)


def test_the_best_uploaders_are_unchoked() -> None:
    peers = [candidate(1, 5), candidate(2, 50), candidate(3, 10), candidate(4, 20)]
    assert choose_unchoked(peers, 2, None) == {2, 4}


def test_hoarders_are_served_last() -> None:
    peers = [candidate(1, 99, hoards=True), candidate(2), candidate(3, 5)]
    assert choose_unchoked(peers, 2, None) == {2, 3}
    assert choose_unchoked(peers, 3, None) == {1, 2, 3}


@given(CANDIDATES)
def test_those_that_only_take_wait_until_nobody_else_wants_anything(
    peers: list[ChokeCandidate],
) -> None:
    served = [c for c in givers_first(peers) if c.eligible]
    givers = [c for c in peers if c.eligible and not c.takes]
    assert served == (givers or [c for c in peers if c.eligible])


def test_those_that_only_take_get_no_optimistic_slot_either() -> None:
    choker = Choker(SwarmConfig(upload_slots=3, max_upload_slots=3), Random(5), 0.0)
    peers = [candidate(1, takes=True), candidate(2), candidate(3, takes=True)]
    assert choker.choose(peers, 0.0, 0.0, all_used=True) == {2}
    alone = [candidate(1, takes=True), candidate(2, eligible=False), candidate(3, takes=True)]
    assert choker.choose(alone, 0.0, 10.0, all_used=True) == {1, 3}


def test_the_optimistic_unchoke_takes_one_slot() -> None:
    peers = [candidate(1, 5), candidate(2, 50), candidate(3, 10)]
    assert choose_unchoked(peers, 2, 1) == {1, 2}
    assert choose_unchoked(peers, 2, 2) == {2, 3}


def test_uninterested_peers_are_not_unchoked() -> None:
    peers = [candidate(1, 99, eligible=False), candidate(2)]
    assert choose_unchoked(peers, 2, 1) == {2}


def test_snubbing_peers_get_only_the_optimistic_slot() -> None:
    peers = [candidate(1, 99, snubbed=True), candidate(2)]
    assert choose_unchoked(peers, 2, None) == {2}
    assert choose_unchoked(peers, 2, 1) == {1, 2}


@given(CANDIDATES, st.integers(0, 6), st.none() | st.integers(0, 30))
def test_slots_go_to_the_best_and_are_never_exceeded(
    peers: list[ChokeCandidate], slots: int, optimistic: int | None
) -> None:
    chosen = choose_unchoked(peers, slots, optimistic)
    by_key = {c.key: c for c in peers}
    assert len(chosen) <= max(slots, 1)
    assert all(by_key[key].eligible for key in chosen)
    regular = [by_key[key] for key in chosen if key != optimistic]
    left = [c for c in peers if c.eligible and not c.snubbed and c.key not in chosen]
    ranks = [(not c.hoards, c.rate) for c in regular], [(not c.hoards, c.rate) for c in left]
    assert not regular or not left or min(ranks[0]) >= max(ranks[1])
    assert not left or len(chosen) >= slots


def test_new_peers_are_tried_three_times_as_often() -> None:
    peers = [candidate(1, newcomer=True), candidate(2), candidate(3), candidate(4, eligible=False)]
    rng = Random(7)
    tried = Counter(choose_optimistic(peers, {3}, rng) for _ in range(4000))
    assert set(tried) == {1, 2}
    assert NEWCOMER_WEIGHT * 0.8 < tried[1] / tried[2] < NEWCOMER_WEIGHT * 1.2


def test_hoarders_are_tried_a_quarter_as_often() -> None:
    peers = [candidate(1, hoards=True), candidate(2)]
    rng = Random(7)
    tried = Counter(choose_optimistic(peers, set(), rng) for _ in range(4000))
    assert SPREADER_WEIGHT * 0.8 < tried[2] / tried[1] < SPREADER_WEIGHT * 1.2


def test_no_optimistic_unchoke_when_all_are_served() -> None:
    assert choose_optimistic([candidate(1)], {1}, Random(0)) is None


def test_every_peer_is_tried_eventually() -> None:
    limits = SwarmConfig(upload_slots=2, max_upload_slots=2)
    choker = Choker(limits, Random(3), 0.0)
    peers = [candidate(0, 1000.0)] + [candidate(key) for key in range(1, 6)]
    tried = set()
    for round_ in range(90):
        now = round_ * limits.rechoke_every
        chosen = choker.choose(peers, 0.0, now, all_used=True)
        assert 0 in chosen
        assert len(chosen) == 2
        tried |= chosen
    assert tried == {c.key for c in peers}


def test_the_optimistic_unchoke_lasts_several_rounds() -> None:
    limits = SwarmConfig(
        upload_slots=1, max_upload_slots=1, rechoke_every=10.0, optimistic_every=30.0
    )
    choker = Choker(limits, Random(5), 0.0)
    peers = [candidate(key) for key in range(50)]
    rounds = [choker.choose(peers, 0.0, float(now), all_used=True) for now in range(0, 60, 10)]
    assert rounds[0] == rounds[1] == rounds[2] != rounds[3] == rounds[4] == rounds[5]


def test_a_departed_optimistic_peer_is_replaced() -> None:
    choker = Choker(SwarmConfig(upload_slots=1, max_upload_slots=1), Random(5), 0.0)
    peers = [candidate(key) for key in range(5)]
    choker.choose(peers, 0.0, 0.0, all_used=True)
    first = choker.optimistic
    choker.choose([c for c in peers if c.key != first], 0.0, 1.0, all_used=True)
    assert choker.optimistic not in (None, first)


def test_choking_rounds_are_periodic() -> None:
    choker = Choker(SwarmConfig(rechoke_every=10.0), Random(0), 100.0)
    assert not choker.due(109.9)
    assert choker.due(110.0)
    assert choker.choose([], 0.0, 112.0, all_used=True) == set()
    assert not choker.due(121.9)
    assert choker.due(122.0)


def test_slots_are_added_while_that_makes_us_send_faster() -> None:
    choker = Choker(SwarmConfig(upload_slots=4, max_upload_slots=7), Random(0), 0.0)
    slots = []
    for rate in [100, 125, 150, 175, 200, 200, 200, 200, 200]:
        choker.choose([], float(rate), 0.0, all_used=True)
        slots.append(choker.slots)
    assert slots == [5, 6, 7, 7, 7, 6, 5, 4, 5]


def test_slots_are_not_added_while_some_are_not_used() -> None:
    choker = Choker(SwarmConfig(upload_slots=4, max_upload_slots=7), Random(0), 0.0)
    slots = []
    for rate, all_used in [(100, False), (200, True), (400, True), (800, False), (1600, False)]:
        choker.choose([], float(rate), 0.0, all_used=all_used)
        slots.append(choker.slots)
    assert slots == [4, 5, 6, 5, 4]


@given(st.lists(st.tuples(st.floats(0, 1e9), st.booleans())))
def test_the_number_of_slots_keeps_its_bounds(rounds: list[tuple[float, bool]]) -> None:
    choker = Choker(SwarmConfig(upload_slots=2, max_upload_slots=5), Random(0), 0.0)
    for rate, all_used in rounds:
        choker.choose([], rate, 0.0, all_used=all_used)
        assert 2 <= choker.slots <= 5


def test_free_slots_go_to_the_best() -> None:
    choker = Choker(SwarmConfig(), Random(0), 0.0)
    peers = [candidate(1, 5), candidate(2, 50), candidate(3, 10), candidate(4, eligible=False)]
    assert choker.fill(peers, 2) == {2, 3}
    assert choker.fill(peers, 9) == {1, 2, 3}


def test_among_equals_chance_decides() -> None:
    choker = Choker(SwarmConfig(), Random(0), 0.0)
    peers = [candidate(key) for key in range(4)]
    first = Counter(key for _ in range(400) for key in choker.fill(peers, 1))
    assert set(first) == {0, 1, 2, 3}
    assert max(first.values()) < 140
