"""Who reads the terminal's keys, an application or nobody, and printing meanwhile."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeAlias

from prompt_toolkit.application import Application, run_in_terminal

_Printer: TypeAlias = Callable[[], None]

_MOST_HELD: Final = 1000
"""How many lines wait while the screen belongs to a pager; of more, the last ones are kept."""


class Foreground:
    """Keeps track of the application that reads keys, one at a time, for one terminal.

    `is_ending` returns whether the program has been asked to end: then applications end at once.
    """

    def __init__(self, is_ending: Callable[[], bool]) -> None:
        self._is_ending = is_ending
        self._lock = threading.Lock()
        self._app: Application[Any] | None = None
        self._held: deque[_Printer] | None = None
        self._leave_holder: Callable[[], None] = _nothing

    @contextmanager
    def taken_by(self, app: Application[Any]) -> Iterator[None]:
        """Keep track of `app`, which runs once inside the context."""
        app.pre_run_callables.append(lambda: self._begin(app))
        try:
            yield
        finally:
            with self._lock:
                self._app = None

    @contextmanager
    def held(self, leave: Callable[[], None]) -> Iterator[None]:
        """Let everything that is printed inside the context wait for its end; `leave` ends it."""
        with self._lock:
            self._held = deque(maxlen=_MOST_HELD)
        self._leave_holder = leave
        try:
            if self._is_ending():
                leave()
            yield
        finally:
            self._leave_holder = _nothing
            with self._lock:
                waiting, self._held = self._held or (), None
            for printer in waiting:
                self.print_above(printer)

    def print_above(self, printer: _Printer) -> None:
        """Call `printer`, from any thread, so that it prints above the application if one runs."""
        with self._lock:
            if self._held is not None:
                self._held.append(printer)
                return
            app = self._app
            if app is None:
                printer()
                return
        with suppress(RuntimeError):  # the application's loop closed just now
            if app.loop is not None:
                app.loop.call_soon_threadsafe(lambda: run_in_terminal(printer), context=app.context)

    def leave(self) -> None:
        """End the application, as Ctrl-D does, or the pager; safe in a signal handler."""
        self._leave_holder()
        app = self._app
        if app is not None and app.is_running and app.loop is not None:
            app.loop.call_soon_threadsafe(lambda: _exit(app))

    def _begin(self, app: Application[Any]) -> None:
        with self._lock:
            self._app = app
        if self._is_ending():
            _exit(app)


def _nothing() -> None:
    """Do nothing."""


def _exit(app: Application[Any]) -> None:
    if app.is_running and not app.is_done:
        app.exit(exception=EOFError())
