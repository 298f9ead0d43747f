"""Admission of long requests: each holds megabytes until it is answered, so few run at once."""

from __future__ import annotations

import threading
import time
from collections import Counter

from common.errors import MinitorrentError
from tracker.services.busy import tracker_busy
from tracker.waits import waiting

THRESHOLD = 256 * 1024
"""A request with more bytes than this is long."""

SECONDS = 120.0
"""Time limit for receiving a long request."""

WAIT_SECONDS = 20.0
"""Longest wait until a long request is admitted."""

_TOTAL = 8
_PER_USER = 2
_RETRY_AFTER = 60.0


class BulkLimiter:
    """Limits concurrent long requests, in total and per user. Thread-safe.

    `patience` is the longest wait for admission, in seconds.
    """

    def __init__(
        self, total: int = _TOTAL, per_user: int = _PER_USER, patience: float = WAIT_SECONDS
    ) -> None:
        self._total = total
        self._per_user = per_user
        self._patience = patience
        self._changed = threading.Condition()
        self._taken: Counter[str] = Counter()

    def acquire(self, user: str) -> None:
        """Wait until a request is admitted. Raises MinitorrentError(busy)."""
        deadline = time.monotonic() + self._patience
        with waiting(), self._changed:
            while not self._acquire(user):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise too_busy()
                self._changed.wait(left)

    def try_acquire(self, user: str) -> bool:
        """Admit a request if there is a free place; return whether it was admitted."""
        with self._changed:
            return self._acquire(user)

    def release(self, user: str) -> None:
        """Release the slot of a request that was answered or abandoned."""
        with self._changed:
            self._taken[user] -= 1
            self._taken += Counter()  # drops zero counts
            self._changed.notify_all()

    def _acquire(self, user: str) -> bool:
        if self._taken.total() >= self._total or self._taken[user] >= self._per_user:
            return False
        self._taken[user] += 1
        return True


def too_busy() -> MinitorrentError:
    """Return the error for a request that waited too long."""
    return tracker_busy(_RETRY_AFTER)
