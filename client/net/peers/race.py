"""Tries several ways to one peer side by side, and keeps the first that works (RFC 8305)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

import structlog

log = structlog.get_logger(__name__)

HEAD_START: Final = 0.25
"""Seconds that a way has for itself before the next begins, too."""


class Way(Protocol):
    """One way that may lead to a peer."""

    def go(self) -> bool:
        """Try it, and return whether it works; ends soon after `cancel`."""

    def cancel(self) -> None:
        """Give it up, whether it works or not; another thread may call this at any time."""


WayT = TypeVar("WayT", bound=Way)


def race(ways: Sequence[WayT], head_start: float = HEAD_START) -> WayT | None:
    """Return the first way that works, or None if none does; the others are cancelled.

    Each begins `head_start` seconds after the one before, or as soon as all before have failed, in
    a thread of its own; that of a cancelled way may go on for a moment.
    """
    running: _Race[WayT] = _Race()
    for way in ways:
        running.begin(way)
        if running.wait(head_start) is not None:
            break
    return running.finish()


class _Race(Generic[WayT]):
    """The ways that have begun, and how they went."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # guards the others
        self._begun: list[WayT] = []
        self._failures = 0
        self._winner: WayT | None = None

    def begin(self, way: WayT) -> None:
        """Begin a way."""
        self._begun.append(way)
        try:
            threading.Thread(target=self._run, args=(way,), name="dial", daemon=True).start()
        except RuntimeError:  # the system can't start another thread
            log.warning("no thread for another way to a peer")
            self._ended(way, works=False)

    def wait(self, seconds: float | None) -> WayT | None:
        """Wait until a way works or all have failed, for so many seconds; return one that works."""
        with self._changed:
            self._changed.wait_for(self._is_decided, seconds)
            return self._winner

    def finish(self) -> WayT | None:
        """Wait for the end, and cancel all but the one that works, which is returned."""
        winner = self.wait(None)
        for way in self._begun:
            if way is not winner:
                way.cancel()
        return winner

    def _is_decided(self) -> bool:
        return self._winner is not None or self._failures == len(self._begun)

    def _run(self, way: WayT) -> None:
        works = False
        try:
            works = way.go()
        except Exception:
            log.exception("a way to a peer failed")
        finally:
            self._ended(way, works=works)

    def _ended(self, way: WayT, *, works: bool) -> None:
        with self._changed:
            is_first = works and self._winner is None
            if is_first:
                self._winner = way
            else:
                self._failures += 1
            self._changed.notify_all()
        if works and not is_first:
            way.cancel()
