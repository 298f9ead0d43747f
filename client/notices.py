"""The notices of this client: published at once, and kept for the command `notices`."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from client.core.notices.events import Event, LoggedOut
from client.core.notices.notice_kinds import Keeper, NoticeKind, presentation_of
from client.core.notices.notice_texts import notice_of
from client.event_bus import EventBus
from client.results import Notice
from common.api.events import NoticeRow

_MAX_WAITING = 100
"""Notices that wait for the first listener, the newest."""

_MAX_KEPT = 100
"""Notices kept for the command `notices`, the newest."""


class Notices:
    """Turns events that the user should know of into notices, and publishes those on the bus."""

    def __init__(
        self, events: EventBus, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._events = events
        self._now = now
        self._lock = threading.Lock()
        self._has_listener = False
        self._waiting: deque[Notice] = deque(maxlen=_MAX_WAITING)
        self._kept: deque[NoticeRow] = deque(maxlen=_MAX_KEPT)

    def listen(self, callback: Callable[[Notice], None]) -> Callable[[], None]:
        """Call ``callback`` (from any thread) with every notice from now on.

        The first listener also gets the notices from before. Returns a function that ends this.
        """
        end = self._events.subscribe(Notice, callback)
        with self._lock:
            self._has_listener = True
            waiting = list(self._waiting)
            self._waiting.clear()
        for notice in waiting:
            callback(notice)
        return end

    def publish(self, kind: NoticeKind | str, text: str, group: str | None = None) -> None:
        """Publish a notice, and keep it unless the tracker does.

        `kind` is a string if only a newer tracker knows it.
        """
        notice = Notice(kind=kind, text=text, group=group)
        at = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._lock:
            has_listener = self._has_listener
            if not has_listener:
                self._waiting.append(notice)
            if presentation_of(kind).keeper is Keeper.CLIENT:
                self._kept.append(NoticeRow(at=at, kind=str(kind), group=group or "", text=text))
        if has_listener:
            self._events.publish(notice)

    def publish_events(self) -> None:
        """Publish a notice for each event that has one (see client.core.notices.notice_texts)."""
        self._events.subscribe(Event, self._on_event)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, LoggedOut):
            self._forget()
        written = notice_of(event)
        if written is not None:
            self.publish(written.kind, written.text, written.group)

    def kept(self, pattern: str = "") -> list[NoticeRow]:
        """Return the kept notices whose text fits the pattern (see client.services.paging).

        The oldest is first.
        """
        with self._lock:
            rows = list(self._kept)
        return [row for row in rows if _fits(row.text, pattern)]

    def _forget(self) -> None:
        """Drop the kept notices, which the next user must not see."""
        with self._lock:
            self._kept.clear()


def _fits(text: str, pattern: str) -> bool:
    """Return whether a text fits a pattern: * and ? as in file names, else a part of the text."""
    text, pattern = text.casefold(), pattern.casefold()
    if "*" in pattern or "?" in pattern:
        return fnmatchcase(text, pattern.replace("[", "[[]"))
    return pattern in text
