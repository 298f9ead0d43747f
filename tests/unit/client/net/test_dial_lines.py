"""Dials to one endpoint go one behind the other."""

from __future__ import annotations

from dataclasses import dataclass

from client.net.dial_lines import LONGEST_LINE, DialLines
from common.types import Endpoint

HERE, THERE = Endpoint("10.0.0.1", 1), Endpoint("10.0.0.1", 2)


@dataclass(frozen=True)
class Dial:
    endpoint: Endpoint
    number: int = 0


def test_one_at_a_time_and_in_order() -> None:
    lines: DialLines[Dial] = DialLines()
    first, second, third = (Dial(HERE, number) for number in range(3))
    assert [lines.enter(dial) for dial in (first, second, third)] == [True, False, False]
    assert lines.leave(first) is second
    assert lines.leave(second) is third
    assert lines.leave(third) is None
    assert lines.enter(first), "the line is over"


def test_other_endpoints_are_dialled_meanwhile() -> None:
    lines: DialLines[Dial] = DialLines()
    assert lines.enter(Dial(HERE))
    assert lines.enter(Dial(THERE))
    assert lines.leave(Dial(THERE)) is None


def test_lines_are_bounded() -> None:
    lines: DialLines[Dial] = DialLines()
    lines.enter(Dial(HERE))
    assert all(lines.enter(Dial(HERE)) is False for _ in range(LONGEST_LINE))
    assert lines.enter(Dial(HERE)) is None
    lines.leave(Dial(HERE))
    assert lines.enter(Dial(HERE)) is False
