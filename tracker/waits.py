"""Whoever is about to wait says so: the processor can serve somebody else meanwhile.

The tracker's threads compete for one interpreter, and each change from one to another costs. So
few of them compute at once (see tracker.frontend.workers), but any number may wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Place(Protocol):
    """What a thread holds while it computes."""

    def leave(self) -> None:
        """Let another thread compute."""
        ...

    def enter(self) -> None:
        """Wait until this thread may compute again."""
        ...


class _Current(threading.local):
    place: Place | None = None


_current = _Current()


def hold(place: Place | None) -> None:
    """Note the place that the calling thread holds, if any."""
    _current.place = place


def holds(place: Place) -> bool:
    """Return whether the calling thread holds this place."""
    return _current.place is place


@contextmanager
def waiting() -> Iterator[None]:
    """Give up the thread's place, if it holds one, during a `with` block."""
    place = _current.place
    if place is None:
        yield
        return
    _current.place = None  # a wait within a wait gives up nothing
    place.leave()
    try:
        yield
    finally:
        place.enter()
        _current.place = place
