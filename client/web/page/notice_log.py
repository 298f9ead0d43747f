"""What the user should hear of without having asked, kept for the page."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from client.engine.results import Notice

_KEPT = 500


@dataclass(frozen=True)
class Heard:
    """A notice, when it came, and its number from 1."""

    number: int
    at: datetime
    notice: Notice


class Notices:
    """The newest notices since the start; filled from any thread, read from the event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard: deque[Heard] = deque(maxlen=_KEPT)
        self._count = 0

    def add(self, notice: Notice) -> None:
        """Keep a notice, with the time of now."""
        with self._lock:
            self._count += 1
            self._heard.append(Heard(self._count, datetime.now(UTC), notice))

    @property
    def count(self) -> int:
        """How many there were since the start."""
        return self._count

    def after(self, number: int) -> list[Heard]:
        """Those with a higher number, the oldest first."""
        with self._lock:
            return [heard for heard in self._heard if heard.number > number]
