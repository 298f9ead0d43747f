"""A clock that is set is noticed."""

from __future__ import annotations

import pytest

from tracker.domain.clock_watch import ClockWatch


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 1.5])
def test_a_jump_is_noticed_until_it_is_accepted(jump: float) -> None:
    watch = ClockWatch(1000.0, 5.0)
    assert watch.jump(1010.0, 15.0) == 0.0
    assert watch.jump(1010.0 + jump, 15.0) == jump
    assert watch.jump(1011.0 + jump, 16.0) == jump
    watch.accept(1011.0 + jump, 16.0)
    assert watch.jump(1012.0 + jump, 17.0) == 0.0


def test_clock_drift_is_not_a_jump() -> None:
    watch = ClockWatch(0.0, 0.0)
    assert watch.jump(10.9, 10.0) == 0.0
