"""Whose turn it is, where one party asks for very many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.turns import KNOWN_IN_A_ROW, Turns


def order(turns: Turns[str]) -> list[str]:
    """The tickets in the order of their turns, one at a time."""
    served = []
    while (ticket := turns.begin()) is not None:
        served.append(ticket)
        turns.end()
    return served


def test_parties_take_turns() -> None:
    turns: Turns[str] = Turns(1, 10, 100)
    for number in range(4):
        assert turns.join("a", f"a{number}", known=False) is None
    assert turns.join("b", "b0", known=False) is None
    assert order(turns) == ["a0", "b0", "a1", "a2", "a3"]


def test_only_so_many_work_at_once() -> None:
    turns: Turns[str] = Turns(2, 10, 100)
    for number in range(3):
        turns.join("a", f"a{number}", known=True)
    assert [turns.begin() for _ in range(3)] == ["a0", "a1", None]
    turns.end()
    assert turns.begin() == "a2"


def test_who_is_known_comes_first_but_leaves_turns_to_strangers() -> None:
    turns: Turns[str] = Turns(1, 10, 100)
    for number in range(8):
        turns.join("k", f"k{number}", known=True)
    for number in range(2):
        turns.join("s", f"s{number}", known=False)
    assert order(turns) == ["k0", "k1", "k2", "s0", "k3", "k4", "k5", "s1", "k6", "k7"]
    assert KNOWN_IN_A_ROW == 3


def test_a_party_may_have_so_many_waiting() -> None:
    turns: Turns[str] = Turns(1, 2, 100)
    assert [turns.join("a", f"a{number}", known=False) for number in range(3)] == [
        None,
        None,
        "a2",
    ]
    assert turns.join("b", "b0", known=False) is None


def test_where_all_room_is_taken_the_greediest_loses_its_last() -> None:
    turns: Turns[str] = Turns(1, 10, 3)
    for number in range(3):
        turns.join("a", f"a{number}", known=False)
    assert turns.join("b", "b0", known=True) == "a2"
    assert turns.join("b", "b1", known=True) == "b1"
    assert turns.join("c", "c0", known=True) == "a1"
    assert turns.join("d", "d0", known=True) == "d0"
    assert order(turns) == ["b0", "c0", "a0"]


def test_who_waits_no_more_gets_no_turn() -> None:
    turns: Turns[str] = Turns(1, 10, 100)
    for ticket in ("a0", "a1"):
        turns.join("a", ticket, known=False)
    assert turns.withdraw("a0")
    assert not turns.withdraw("a0")
    assert order(turns) == ["a1"]
    assert not turns.withdraw("a1")
    turns.join("a", "a2", known=False)
    assert turns.withdraw("a2")
    assert order(turns) == []


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans())),
    st.integers(1, 4),
    st.integers(1, 8),
)
def test_everybody_gets_a_turn_or_a_refusal(
    asked: list[tuple[str, bool]], per_party: int, total: int
) -> None:
    turns: Turns[int] = Turns(1, per_party, total)
    refused = [
        turns.join(party, number, known=known) for number, (party, known) in enumerate(asked)
    ]
    served = []
    while (ticket := turns.begin()) is not None:
        served.append(ticket)
        turns.end()
    lost = [ticket for ticket in refused if ticket is not None]
    assert sorted(served + lost) == list(range(len(asked)))
    assert len(served) <= total
