"""The notices of this client: published at once, and kept for the command `notices`."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Protocol

from client.core.notices.events import Event, LoggedOut
from client.core.notices.folding import LIVE_LONGEST, LIVE_QUIET, Folded, NoticeFolder
from client.core.notices.notice_kinds import Keeper, NoticeKind, presentation_of
from client.core.notices.notice_texts import notice_of
from client.event_bus import EventBus
from client.results.lists import NoticeRow
from client.results.overview import Notice

_MAX_WAITING = 100
"""Notices that wait for the first listener, the newest."""

_MAX_KEPT = 100
"""Notices kept for the command `notices`, the newest."""


class Timer(Protocol):
    """Calls a function once, later, in a thread of its own; threading.Timer is one."""

    def start(self) -> None: ...

    def cancel(self) -> None: ...


def _timer(seconds: float, function: Callable[[], None]) -> Timer:
    timer = threading.Timer(seconds, function)
    timer.daemon = True
    return timer


class FoldedNotices:
    """Passes notices on to `show`, those that belong together as one, from any thread."""

    def __init__(
        self,
        show: Callable[[Notice], None],
        clock: Callable[[], float] = time.monotonic,
        make_timer: Callable[[float, Callable[[], None]], Timer] = _timer,
    ) -> None:
        self._show = show
        self._clock = clock
        self._make_timer = make_timer
        self._folder: NoticeFolder[Notice] = NoticeFolder(LIVE_QUIET, LIVE_LONGEST)
        self._lock = threading.RLock()  # held while notices are shown: they stay in order
        self._timer: Timer | None = None

    def add(self, notice: Notice) -> None:
        """Show a notice, now or with those that follow."""
        with self._lock:
            self._show_all(self._folder.add(notice, self._clock()))

    def close(self) -> None:
        """Show what is waiting."""
        with self._lock:
            self._show_all(self._folder.flush())

    def _on_timer(self) -> None:
        with self._lock:
            self._timer = None
            self._show_all(self._folder.due(self._clock()))

    def _show_all(self, lines: Sequence[Folded[Notice]]) -> None:
        """Show these, and set the timer for those that wait."""
        due_at = self._folder.due_at
        if self._timer is not None and due_at is None:
            self._timer.cancel()
            self._timer = None
        elif self._timer is None and due_at is not None:
            self._timer = self._make_timer(max(0.0, due_at - self._clock()), self._on_timer)
            self._timer.start()
        for line in lines:
            self._show(line.newest.model_copy(update={"text": line.text}))


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

    def listen(
        self, callback: Callable[[Notice], None], *, folds: bool = False
    ) -> Callable[[], None]:
        """Call ``callback`` (from any thread) with every notice from now on.

        The first listener also gets the notices from before. With `folds`, notices that belong
        together are one, a moment later (see client.core.notices.folding). Returns a function that
        ends this.
        """
        if folds:
            folded = FoldedNotices(callback)
            end_listening = self.listen(folded.add)

            def end_both() -> None:
                end_listening()
                folded.close()

            return end_both
        end = self._events.subscribe(Notice, callback)
        with self._lock:
            self._has_listener = True
            waiting = list(self._waiting)
            self._waiting.clear()
        for notice in waiting:
            callback(notice)
        return end

    def publish(
        self, kind: NoticeKind | str, text: str, group: str | None = None, actor: str = ""
    ) -> None:
        """Publish a notice, and keep it unless the tracker does.

        `kind` is a string if only a newer tracker knows it; `actor` is the user who caused it.
        """
        notice = Notice(kind=kind, text=text, group=group, actor=actor)
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
            self.publish(written.kind, written.text, written.group, written.actor)

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
