"""The progress line during long commands: a bar while hashing, the downloads while waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from client.caller import current_caller
from client.results.overview import Overview
from client.shell.downloads import RUNNING
from client.shell.output import Output
from client.shell.terminal import widths
from client.shell.terminal.screen import Screen
from common.errors import ErrorCode, MinitorrentError
from common.text import count, duration, percent, rate, size

if TYPE_CHECKING:
    from client.services.api import SessionApi

_BAR_WIDTH = 24
_INTERVAL = 0.1
"""Seconds between updates."""


def hashing_line(done: int, total: int, speed: float, screen: Screen) -> str:
    """Return `hashing ████░░░░  45.2% of 2.7 GiB  1.2 GiB/s`.

    `done` and `total` are bytes, `speed` is in bytes a second.
    """
    share = done / total if total else 1.0
    bar = widths.bar(share, _BAR_WIDTH, unicode=screen.unicode)
    return f"hashing {bar} {percent(share)} of {size(total)}  {rate(speed)}"


def waiting_line(overview: Overview, screen: Screen) -> str:
    """Return one line for all running downloads: `███░░░ 2 downloads 45.2%  12 MiB/s`."""
    running = [row for row in overview.downloads if row.state in RUNNING]
    if not running:
        return ""
    whole = sum(row.size for row in running)
    share = sum(row.done for row in running) / whole if whole else 0.0
    bar = widths.bar(share, _BAR_WIDTH, unicode=screen.unicode)
    left = [row.eta for row in running if row.eta is not None]
    rest = f"  {duration(max(left))} left" if len(left) == len(running) else ""
    total = count(len(running), "download")
    return f"{bar} {total} {percent(share)}  {rate(overview.down_rate)}{rest}"


def _of_caller(overview: Overview) -> Overview:
    """Return the overview with those downloads only that this thread's caller started, if any."""
    caller = current_caller()
    if caller is None:
        return overview
    rows = [row for row in overview.downloads if caller.has_started(row.group, row.name)]
    total = sum(row.down_rate for row in rows)
    return overview.model_copy(update={"downloads": rows, "down_rate": total})


class Progress:
    """Draws the progress line of the running command, and stops the command on request."""

    def __init__(
        self,
        output: Output,
        screen: Screen,
        stopped: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._output = output
        self._screen = screen
        self._stopped = stopped
        self._clock = clock
        self._lock = threading.Lock()
        self._began: float | None = None
        self._drawn = -_INTERVAL

    def hashing(self, done: int, total: int) -> None:
        """Report hashing progress, from any thread; raises MinitorrentError to stop it."""
        if self._stopped():
            raise MinitorrentError(
                ErrorCode.TIMEOUT, "Hashing was interrupted; nothing was shared."
            )
        now = self._clock()
        with self._lock:
            if self._began is None:
                self._began = now
            speed = done / (now - self._began) if now > self._began else 0.0
            due = self._due(now)
        if due:
            self._output.progress(hashing_line(done, total, speed, self._screen))

    def waiting(self, session: SessionApi, *, only_own: bool = False) -> bool:
        """Show the downloads' progress, or the caller's own's; return whether to stop waiting."""
        with self._lock:
            due = self._output.shows_progress and self._due(self._clock())
        if due:
            overview = session.overview()
            shown = _of_caller(overview) if only_own else overview
            self._output.progress(waiting_line(shown, self._screen))
        return self._stopped()

    def end(self) -> None:
        """Erase the progress line at the end of a command."""
        with self._lock:
            self._began = None
        self._output.progress("")

    def _due(self, now: float) -> bool:
        """Return whether the line is to be drawn again now."""
        if now - self._drawn < _INTERVAL:
            return False
        self._drawn = now
        return True
