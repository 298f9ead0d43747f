"""The log of recent notices for the page."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from client.results import Notice

_KEPT = 500


@dataclass(frozen=True)
class LoggedNotice:
    """A notice with its time and its number, counted from 1."""

    number: int
    at: datetime
    notice: Notice


class NoticeLog:
    """The newest notices since the start; written by any thread, read by the event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notices: deque[LoggedNotice] = deque(maxlen=_KEPT)
        self._count = 0

    def add(self, notice: Notice) -> None:
        """Add a notice with the current time."""
        with self._lock:
            self._count += 1
            self._notices.append(LoggedNotice(self._count, datetime.now(UTC), notice))

    @property
    def count(self) -> int:
        """The number of notices since the start."""
        return self._count

    def after(self, number: int) -> list[LoggedNotice]:
        """Return the notices with a higher number, the oldest first."""
        with self._lock:
            return [logged for logged in self._notices if logged.number > number]
