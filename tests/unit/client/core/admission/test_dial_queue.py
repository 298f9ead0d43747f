"""Dials wait for each other only where they must."""

from __future__ import annotations

from dataclasses import dataclass

from client.core.admission.dial_queue import DialQueue
from common.types import Endpoint


@dataclass(frozen=True, eq=False)
class Dial:
    endpoint: Endpoint
    group: str = "lab"


def dial(host: str, port: int = 1, group: str = "lab") -> Dial:
    return Dial(Endpoint(host, port), group)


def test_groups_take_turns() -> None:
    queue: DialQueue[Dial] = DialQueue(10, 100)
    crowd = [dial(f"10.0.0.{n}", group="crowd") for n in range(50)]
    for one in crowd:
        assert queue.put(one)
    other = [dial(f"10.1.0.{n}") for n in range(2)]
    for one in other:
        assert queue.put(one)
    taken = [queue.take() for _ in range(4)]
    assert taken == [crowd[0], other[0], crowd[1], other[1]]


def test_a_group_or_address_gets_at_most_half() -> None:
    queue: DialQueue[Dial] = DialQueue(4, 100)
    for n in range(5):
        queue.put(dial("10.0.0.1", n))
    first, second = queue.take(), queue.take()
    assert first is not None
    assert second is not None
    assert queue.take() is None
    queue.put(dial("10.0.0.1", 9, "other"))
    assert queue.take() is None, "the same address"
    queue.put(dial("10.0.0.2", 9, "other"))
    third = queue.take()
    assert third is not None
    assert third.group == "other"
    queue.done(first)
    assert queue.take() is not None
    for group in ("third", "fourth"):
        queue.put(dial(f"10.0.0.{group}", group=group))
    assert queue.take() is not None
    assert queue.take() is None, "all places are taken"
    queue.done(second)
    assert queue.take() is not None


def test_dials_to_one_endpoint_are_sequential() -> None:
    queue: DialQueue[Dial] = DialQueue(10, 100)
    first, second, elsewhere = dial("10.0.0.1"), dial("10.0.0.1"), dial("10.0.0.1", 2)
    for one in (first, second, elsewhere):
        queue.put(one)
    assert queue.take() is first
    assert queue.take() is elsewhere
    assert queue.take() is None
    queue.done(first)
    assert queue.take() is second


def test_a_groups_queue_is_bounded_and_can_be_cleared() -> None:
    queue: DialQueue[Dial] = DialQueue(10, 2)
    assert [queue.put(dial("10.0.0.1", n)) for n in range(3)] == [True, True, False]
    assert queue.put(dial("10.0.0.1", group="other"))
    queue.clear()
    assert queue.take() is None
