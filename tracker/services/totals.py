"""Totals of lists that take long to count, kept for several pages and callers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from tracker.services.clock import Clock

MANY = 2000
"""Where there are more rows than that to look at, a total is kept."""

KEPT_SECONDS = 10.0
"""How long a total is kept."""

_CAPACITY = 1000  # totals; the oldest is forgotten

_Key = tuple[int, str]


class Totals:
    """Kept totals of one kind of list. Thread-safe; `steady` is a monotonic clock."""

    def __init__(self, steady: Clock) -> None:
        self._steady = steady
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, tuple[float, int]] = OrderedDict()

    def of(self, owner: int, pattern: str, count: Callable[[], int], least: int = 0) -> int:
        """Return how many rows of a group or user match a pattern; `count` counts them.

        Totals below `least` are counted each time.
        """
        key = owner, pattern
        with self._lock:
            until, total = self._kept.get(key, (0.0, 0))
        if until and self._steady() < until:
            return total
        total = count()
        if total < least:
            return total
        with self._lock:
            self._kept[key] = self._steady() + KEPT_SECONDS, total
            self._kept.move_to_end(key)
            if len(self._kept) > _CAPACITY:
                self._kept.popitem(last=False)
        return total
