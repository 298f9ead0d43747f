"""What the user should hear of without having asked: kept for the page, and its list."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from nicegui import ui

from client.engine.status import Notice

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


class NoticeList:
    """The list of notices, the newest first."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._shown = -1
        ui.label("Notices").classes("title").props("role=heading aria-level=2")
        self._list = ui.element("ul").classes("notices").props("aria-label=Notices")
        self.refresh()

    def refresh(self) -> None:
        """Draw the list again if there is anything new."""
        if self._shown == self._notices.count:
            return
        self._shown = self._notices.count
        self._list.clear()
        with self._list:
            for heard in reversed(self._notices.after(0)):
                with ui.element("li"):
                    at = heard.at.astimezone().strftime("%H:%M:%S")
                    ui.label(at).classes("quiet")
                    ui.label(heard.notice.text).classes("name")
            if not self._shown:
                with ui.element("li"):
                    ui.label(
                        "Nothing yet. Requests to join, new files and ended downloads show here."
                    )
