"""The notices of this client: passed to listeners at once, and kept for the command `notices`."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from client.core.notices import Keeper, NoticeKind, presentation_of
from client.engine.results import Notice
from common.api.events import NoticeRow

_MAX_WAITING = 100
"""Notices that wait for the first listener."""

_MAX_KEPT = 100
"""Notices kept for the command `notices`, the newest."""


class Notices:
    """Passes every notice to every listener, in the thread in which it arises."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Notice], None]] = []
        self._waiting: deque[Notice] = deque(maxlen=_MAX_WAITING)
        self._kept: deque[NoticeRow] = deque(maxlen=_MAX_KEPT)

    def listen(self, callback: Callable[[Notice], None]) -> None:
        """Call ``callback`` (from any thread) with every notice from now on.

        The first listener also gets what arose before.
        """
        with self._lock:
            self._listeners.append(callback)
            waiting = list(self._waiting)
            self._waiting.clear()
        for notice in waiting:
            callback(notice)

    def tell(self, kind: NoticeKind | str, text: str, group: str | None = None) -> None:
        """Pass on a notice, and keep it unless the tracker does."""
        notice = Notice(kind=kind, text=text, group=group)
        at = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._lock:
            listeners = list(self._listeners)
            if not listeners:
                self._waiting.append(notice)
            if presentation_of(kind).keeper is Keeper.CLIENT:
                self._kept.append(NoticeRow(at=at, kind=str(kind), group=group or "", text=text))
        for listener in listeners:
            listener(notice)

    def kept(self, pattern: str = "") -> list[NoticeRow]:
        """Return the kept notices whose text fits the pattern (see Lists), the oldest first."""
        with self._lock:
            rows = list(self._kept)
        return [row for row in rows if _fits(row.text, pattern)]

    def forget(self) -> None:
        """Drop the kept notices; they are not for the next user."""
        with self._lock:
            self._kept.clear()


def _fits(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern as the tracker reads patterns."""
    text, pattern = text.casefold(), pattern.casefold()
    if "*" in pattern or "?" in pattern:
        return fnmatchcase(text, pattern.replace("[", "[[]"))
    return pattern in text
