"""Long requests wait for their turn."""

from __future__ import annotations

import threading

import pytest

from common.errors import ErrorCode, MinitorrentError
from tracker.frontend.bulk import BulkLimiter


def test_bulk_requests_are_bounded_per_user_and_in_all() -> None:
    bulk_limiter = BulkLimiter(total=3, per_user=2)
    assert [bulk_limiter.try_acquire("ann") for _ in range(3)] == [True, True, False]
    assert [bulk_limiter.try_acquire("bob") for _ in range(2)] == [True, False]
    bulk_limiter.release("ann")
    assert bulk_limiter.try_acquire("bob")


def test_waiting_too_long_gets_busy() -> None:
    bulk_limiter = BulkLimiter(total=1, patience=0.05)
    bulk_limiter.acquire("ann")
    with pytest.raises(MinitorrentError, match="try again in 1 min") as raised:
        bulk_limiter.acquire("bob")
    assert raised.value.code is ErrorCode.BUSY


def test_a_waiting_request_runs_when_another_ends() -> None:
    bulk_limiter = BulkLimiter(total=1)
    bulk_limiter.acquire("ann")
    waiting = threading.Thread(target=bulk_limiter.acquire, args=("bob",))
    waiting.start()
    bulk_limiter.release("ann")
    waiting.join(10)
    assert not waiting.is_alive()
    assert not bulk_limiter.try_acquire("ann")
