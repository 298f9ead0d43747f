"""Turns: who has many streams gets no more of them than others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.turns import Turns

WAITING = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40)


def all_of(turns: Turns[int]) -> list[int]:
    found = []
    while turns:
        found.append(turns.take())
    return found


@given(WAITING)
def test_everybody_has_a_turn(waiting: list[tuple[int, int]]) -> None:
    turns: Turns[int] = Turns()
    for stream, (group, member) in enumerate(waiting):
        turns.put(group, member, stream)
    assert sorted(all_of(turns)) == list(range(len(waiting)))
    with pytest.raises(LookupError):
        turns.take()


@given(WAITING, st.integers(1, 20))
def test_a_crowd_delays_nobody(waiting: list[tuple[int, int]], crowd: int) -> None:
    """Who waits alone is next but one for each other group, however many streams that has."""
    turns: Turns[int] = Turns()
    for stream, (group, member) in enumerate(waiting):
        for _ in range(crowd):
            turns.put(group, member, stream)
    turns.put("lonely", "me", -1)
    assert all_of(turns).index(-1) <= len({group for group, _ in waiting})


def test_members_of_a_group_take_turns() -> None:
    turns: Turns[int] = Turns()
    for stream in (10, 11, 12, 20, 21):
        turns.put("lab", stream // 10, stream)
    assert all_of(turns) == [10, 20, 11, 21, 12]
