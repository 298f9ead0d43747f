"""Admission to a bounded number of places."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.admission import Admission, ConnectionLimits, Slot, SlotCounts, admit

ROOM = ConnectionLimits(total=4, per_party=3, grace=10.0)


Taken = list[tuple[Slot[int], bool]]
"""Slots, and whether each may be displaced."""


def places(*taken: tuple[str, float, bool]) -> Taken:
    return [
        (Slot(number, party, since), is_idle)
        for number, (party, since, is_idle) in enumerate(taken)
    ]


def admitted(party: str, taken: Taken, now: float) -> Admission[int]:
    counts = SlotCounts()
    for slot, _ in taken:
        counts.take(slot.party)
    return admit(ROOM, party, counts, lambda: [slot for slot, is_idle in taken if is_idle], now)


def test_with_free_places_nobody_is_displaced() -> None:
    assert admitted("a", [], 0.0) == Admission(is_admitted=True)


def test_a_party_with_all_its_places_displaces_its_own_idlest() -> None:
    taken = places(("a", 3.0, True), ("a", 1.0, True), ("a", 0.0, False))
    assert admitted("a", taken, 20.0) == Admission(is_admitted=True, displaced=1)
    assert admitted("a", taken, 5.0) == Admission(is_admitted=False)
    assert admitted("b", taken, 5.0) == Admission(is_admitted=True)


def test_when_full_the_largest_party_loses_a_place() -> None:
    taken = places(("b", 0.0, True), ("a", 4.0, True), ("a", 4.5, True), ("a", 5.0, False))
    assert admitted("c", taken, 5.0) == Admission(is_admitted=True, displaced=1)


def test_busy_connections_are_never_displaced() -> None:
    taken = places(*[("a", 0.0, False)] * 4)
    assert admitted("b", taken, 1e9) == Admission(is_admitted=False)


def test_among_equals_only_long_idle_connections_are_displaced() -> None:
    taken = places(*[(name, 0.0, True) for name in "abcd"])
    assert admitted("e", taken, 9.9) == Admission(is_admitted=False)
    assert admitted("e", taken, 10.0).is_admitted


def test_nobody_is_searched_for_while_there_is_a_free_place() -> None:
    def search() -> list[Slot[int]]:
        raise AssertionError

    counts = SlotCounts()
    for party in "aab":
        counts.take(party)
    assert admit(ROOM, "a", counts, search, 0.0).is_admitted
    counts.free("b")
    assert (counts.total, counts.of("a"), counts.of("b")) == (2, 2, 0)
    counts.free("a")
    assert (counts.total, counts.of("a")) == (1, 1)


@given(st.lists(st.sampled_from("abcde")), st.booleans())
def test_bounds_hold_and_no_party_excludes_another(arrivals: list[str], is_idle: bool) -> None:
    taken: dict[int, Slot[int]] = {}
    for number, party in enumerate(arrivals):
        before = Counter(place.party for place in taken.values())
        decided = admitted(party, [(slot, is_idle) for slot in taken.values()], float(number))
        if decided.displaced is not None:
            del taken[decided.displaced]
        if decided.is_admitted:
            taken[number] = Slot(number, party, float(number))
        elif is_idle:
            assert before[party] >= max(before.values()) - 1
        counts = Counter(place.party for place in taken.values())
        assert len(taken) <= ROOM.total
        assert max(counts.values()) <= ROOM.per_party
