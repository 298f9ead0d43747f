"""Waits for a file descriptor when the process or the machine has none left.

Components that keep files open only for speed close them then (see `free_descriptors_with`).
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

NO_DESCRIPTOR: Final = frozenset({errno.EMFILE, errno.ENFILE})
"""Errors of a process, or a machine, that has no descriptor left."""

LONGEST: Final = 60.0
"""Seconds after which a lack of descriptors is reported as a failure."""

_PAUSE: Final = 0.05

_lock = threading.Lock()
_idle_closers: list[Callable[[], None]] = []


def free_descriptors_with(close_idle: Callable[[], None]) -> None:
    """Have `close_idle` called, by any thread, when there is no descriptor left."""
    with _lock:
        _idle_closers.append(close_idle)


def free_descriptors() -> None:
    """Close the files that are open without being in use."""
    with _lock:
        closers = list(_idle_closers)
    for close_idle in closers:
        close_idle()


def wait_for_descriptor(open_one: Callable[[], T], longest: float = LONGEST) -> T:
    """Return `open_one()`; while no descriptor is left, free some, wait, and try again.

    Raises OSError: any other failure at once, a lack of descriptors after `longest` seconds.
    """
    until = time.monotonic() + longest
    while True:
        try:
            return open_one()
        except OSError as error:
            if error.errno not in NO_DESCRIPTOR or time.monotonic() >= until:
                raise
        free_descriptors()
        time.sleep(_PAUSE)
