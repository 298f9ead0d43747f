"""Wakes those who wait until something about a transfer has changed."""

from __future__ import annotations

import threading


class Changes:
    """Counts changes of transfers: of their states, and of what the tracker knows. Thread-safe.

    Read `count`, look at the transfers, and `wait` for a change since: none is missed.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    @property
    def count(self) -> int:
        """How many changes there have been."""
        return self._count

    def note(self) -> None:
        """Count a change, after it was made."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Return when there have been more changes than `seen`, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._count != seen, seconds)
