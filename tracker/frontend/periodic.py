"""Periodic tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tracker.frontend.failures import report

_GATHERING = 0.02
"""Seconds from being woken until the action, so that a burst costs one call."""


class Periodic:
    """Calls `action` every `seconds` in a thread, or sooner; logs a failure and continues."""

    def __init__(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        self._seconds = seconds
        self._action = action
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start; the first call is after `seconds`."""
        self._thread.start()

    def wake(self) -> None:
        """Have the action called very soon, once for all calls that come close together."""
        self._woken.set()

    def stop(self, timeout: float) -> None:
        """Stop; wait at most `timeout` seconds for a running call."""
        self._stopped.set()
        self.wake()
        self._thread.join(timeout)

    def _is_stopped(self) -> bool:
        """Wait until the action is due; return whether to stop instead."""
        if self._woken.wait(self._seconds):
            self._stopped.wait(_GATHERING)
            self._woken.clear()
        return self._stopped.is_set()

    def _run(self) -> None:
        while not self._is_stopped():
            try:
                self._action()
            except Exception as error:  # the loop must survive any failure
                report("a periodic task fails", error, task=self._thread.name)
