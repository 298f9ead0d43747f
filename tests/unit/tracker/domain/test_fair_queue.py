"""Whose turn it is, where one party asks for very many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.fair_queue import KNOWN_IN_A_ROW, FairQueue


def order(queue: FairQueue[str]) -> list[str]:
    """The tickets in the order of their turns, one at a time."""
    served = []
    while (ticket := queue.begin()) is not None:
        served.append(ticket)
        queue.end()
    return served


def test_parties_take_turns() -> None:
    queue: FairQueue[str] = FairQueue(1, 10, 100)
    for number in range(4):
        assert queue.join("a", f"a{number}", known=False) is None
    assert queue.join("b", "b0", known=False) is None
    assert order(queue) == ["a0", "b0", "a1", "a2", "a3"]


def test_concurrent_work_is_bounded() -> None:
    queue: FairQueue[str] = FairQueue(2, 10, 100)
    for number in range(3):
        queue.join("a", f"a{number}", known=True)
    assert queue.waiting == 3
    assert [queue.begin() for _ in range(3)] == ["a0", "a1", None]
    assert queue.waiting == 1
    queue.end()
    assert queue.begin() == "a2"


def test_known_parties_go_first_but_leave_turns_to_unknown_ones() -> None:
    queue: FairQueue[str] = FairQueue(1, 10, 100)
    for number in range(8):
        queue.join("k", f"k{number}", known=True)
    for number in range(2):
        queue.join("s", f"s{number}", known=False)
    assert order(queue) == ["k0", "k1", "k2", "s0", "k3", "k4", "k5", "s1", "k6", "k7"]
    assert KNOWN_IN_A_ROW == 3


def test_waiting_per_party_is_bounded() -> None:
    queue: FairQueue[str] = FairQueue(1, 2, 100)
    assert [queue.join("a", f"a{number}", known=False) for number in range(3)] == [
        None,
        None,
        "a2",
    ]
    assert queue.join("b", "b0", known=False) is None


def test_when_full_the_largest_party_loses_its_newest() -> None:
    queue: FairQueue[str] = FairQueue(1, 10, 3)
    for number in range(3):
        queue.join("a", f"a{number}", known=False)
    assert queue.join("b", "b0", known=True) == "a2"
    assert queue.join("b", "b1", known=True) == "b1"
    assert queue.join("c", "c0", known=True) == "a1"
    assert queue.join("d", "d0", known=True) == "d0"
    assert order(queue) == ["b0", "c0", "a0"]


def test_a_cancelled_wait_gets_no_turn() -> None:
    queue: FairQueue[str] = FairQueue(1, 10, 100)
    for ticket in ("a0", "a1"):
        queue.join("a", ticket, known=False)
    assert queue.withdraw("a0")
    assert not queue.withdraw("a0")
    assert order(queue) == ["a1"]
    assert not queue.withdraw("a1")
    queue.join("a", "a2", known=False)
    assert queue.withdraw("a2")
    assert order(queue) == []


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans())),
    st.integers(1, 4),
    st.integers(1, 8),
)
def test_everybody_gets_a_turn_or_a_refusal(
    asked: list[tuple[str, bool]], per_party: int, total: int
) -> None:
    queue: FairQueue[int] = FairQueue(1, per_party, total)
    refused = [
        queue.join(party, number, known=known) for number, (party, known) in enumerate(asked)
    ]
    served = []
    while (ticket := queue.begin()) is not None:
        served.append(ticket)
        queue.end()
    lost = [ticket for ticket in refused if ticket is not None]
    assert sorted(served + lost) == list(range(len(asked)))
    assert len(served) <= total
