"""How long a client waits for a busy tracker."""

from __future__ import annotations

import pytest

from client.net.tracker.patience import busy_pause, spread
from common.errors import ErrorCode, MinitorrentError


def longest(_low: float, high: float) -> float:
    return high


def shortest(low: float, _high: float) -> float:
    return low


@pytest.mark.parametrize(
    ("asked", "least", "most"), [(None, None, None), (4.0, 4.0, 6.0), (1e9, 120.0, 180.0)]
)
def test_a_busy_tracker_is_asked_again_no_sooner_than_it_says(
    asked: float | None, least: float | None, most: float | None
) -> None:
    error = MinitorrentError(ErrorCode.BUSY, "busy", asked)
    assert busy_pause(error, shortest) == least
    assert busy_pause(error, longest) == most


def test_a_pause_is_spread() -> None:
    assert spread(4.0, shortest) == 2.0
    assert spread(4.0, longest) == 4.0
