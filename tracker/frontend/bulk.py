"""Long requests: each holds megabytes until it is answered, so only so many come at a time."""

from __future__ import annotations

import threading
import time
from collections import Counter

from common.errors import ErrorCode, MinitorrentError

THRESHOLD = 256 * 1024
"""A request with more bytes than this is a long one."""

SECONDS = 120.0
"""How long a long request may take to come."""

WAIT_SECONDS = 20.0
"""How long it waits for its turn."""

_TOTAL = 8
_PER_USER = 2


class BulkLimiter:
    """Lets users send long requests, a few at a time. Safe for use by many threads."""

    def __init__(self, total: int = _TOTAL, per_user: int = _PER_USER) -> None:
        self._total = total
        self._per_user = per_user
        self._changed = threading.Condition()
        self._taken: Counter[str] = Counter()

    def acquire(self, user: str) -> None:
        """Wait for a turn. Raises MinitorrentError(busy)."""
        deadline = time.monotonic() + WAIT_SECONDS
        with self._changed:
            while not self._acquire(user):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise too_busy()
                self._changed.wait(left)

    def try_acquire(self, user: str) -> bool:
        """Take a turn if there is one."""
        with self._changed:
            return self._acquire(user)

    def release(self, user: str) -> None:
        """The request was answered, or given up."""
        with self._changed:
            self._taken[user] -= 1
            self._taken += Counter()  # forgets who has none
            self._changed.notify_all()

    def _acquire(self, user: str) -> bool:
        if self._taken.total() >= self._total or self._taken[user] >= self._per_user:
            return False
        self._taken[user] += 1
        return True


def too_busy() -> MinitorrentError:
    """The error for who waited in vain."""
    return MinitorrentError(
        ErrorCode.BUSY, "The tracker has too much to do at this moment; try again in a minute."
    )
