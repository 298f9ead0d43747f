"""How descriptors are divided, and the places when all are taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.admission.crowding import Held, Verdict, judge
from client.core.admission.descriptor_budget import DescriptorBudget


@pytest.mark.parametrize("descriptors", [64, 128, 256, 1024, 4096, 65536])
def test_shares_leave_descriptors_for_the_rest(descriptors: int) -> None:
    shares = DescriptorBudget.of(descriptors)
    spent = shares.files + shares.connections + shares.handshakes + shares.dials
    assert min(shares.files, shares.connections, shares.handshakes, shares.dials) > 0
    assert spent <= max(24, descriptors - 64)


def test_without_a_limit_a_default_applies() -> None:
    assert DescriptorBudget.of(None).connections == 500


def held(*parties: str) -> list[Held[int]]:
    return [Held(number, party, 100 - number) for number, party in enumerate(parties)]


def test_connections_per_party_are_bounded() -> None:
    assert judge(held("a", "a"), "a", 50, 3) == Verdict(admitted=True)
    assert judge(held("a", "a", "a"), "a", 50, 3) == Verdict(admitted=False)
    assert judge(held(), "a", 0, 3) == Verdict(admitted=False)


def test_a_crowd_loses_its_least_useful_connection() -> None:
    assert judge(held("a", "a", "a", "b"), "c", 4, 3) == Verdict(admitted=True, displaced=2)
    assert judge(held("a", "a", "b", "b"), "b", 4, 3) == Verdict(admitted=False)
    assert judge(held("a", "b", "c"), "d", 3, 3) == Verdict(admitted=False), "all have one"


@given(st.lists(st.sampled_from("abcdef"), max_size=60))
def test_a_crowd_excludes_nobody(arrivals: list[str]) -> None:
    places: dict[int, str] = {}
    for number, party in enumerate([*"x" * 60, *arrivals]):
        verdict = judge([Held(k, p, 0) for k, p in places.items()], party, 8, 8)
        if verdict.admitted:
            places.pop(verdict.displaced if verdict.displaced is not None else -1, None)
            places[number] = party
        assert len(places) <= 8
    for party in set(arrivals):
        assert party in places.values() or len(set(places.values())) == 8
