"""How often a password may be guessed."""

from __future__ import annotations

import pytest

from common.errors import ErrorCode, MinitorrentError
from tracker.domain.throttle import AttemptThrottle

ANN = ("ann", "10.0.0.1")
BOB = ("bob", "10.0.0.1")


def refused(throttle: AttemptThrottle, now: float) -> bool:
    try:
        throttle.attempt(ANN, now)
    except MinitorrentError as error:
        assert error.code is ErrorCode.TOO_MANY_ATTEMPTS
        return True
    return False


def test_so_many_attempts_and_no_more() -> None:
    throttle = AttemptThrottle(limit=3, window=60)
    assert [refused(throttle, now) for now in (0, 1, 2, 3)] == [False, False, False, True]


def test_the_refusal_says_how_long() -> None:
    throttle = AttemptThrottle(limit=1, window=60)
    throttle.attempt(ANN, 0)
    with pytest.raises(MinitorrentError, match="in 50 seconds"):
        throttle.attempt(ANN, 10)


def test_the_window_slides() -> None:
    throttle = AttemptThrottle(limit=2, window=60)
    assert not refused(throttle, 0)
    assert not refused(throttle, 30)
    assert refused(throttle, 59)
    assert not refused(throttle, 60)
    assert refused(throttle, 61)
    assert not refused(throttle, 90)


def test_success_forgets_the_failures() -> None:
    throttle = AttemptThrottle(limit=1, window=60)
    throttle.attempt(ANN, 0)
    throttle.succeeded(ANN)
    assert not refused(throttle, 1)


def test_success_of_the_unknown_is_nothing() -> None:
    throttle = AttemptThrottle()
    throttle.succeeded(ANN)
    assert len(throttle) == 0


def test_accounts_are_counted_apart() -> None:
    throttle = AttemptThrottle(limit=1, window=60)
    throttle.attempt(BOB, 0)
    assert not refused(throttle, 0)


def test_memory_is_bounded_and_the_longest_unused_goes_first() -> None:
    throttle = AttemptThrottle(limit=1, window=60, capacity=2)
    throttle.attempt(ANN, 0)
    throttle.attempt(BOB, 0)
    throttle.attempt(("cat", "x"), 0)
    assert len(throttle) == 2
    assert not refused(throttle, 0)
