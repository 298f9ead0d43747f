"""Has what transfers write brought to the disk while they go on.

Without it, most of a download would still be in memory when its last piece arrives, and the sync
before it gets its name would take as long as the disk needs for all of that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from common.errors import MinitorrentError

log = structlog.get_logger(__name__)

_MOST: Final = 64 << 20
_LONGEST: Final = 5.0

_REST: Final = 4
"""A sync that only its age has caused is followed by a pause this many times as long.

Very many slow downloads would otherwise keep a slow disk busy with nothing but syncs.
"""


class Syncable(Protocol):
    """What is written to; a key of a dictionary, by identity."""

    def sync(self) -> None:
        """Bring what was written to the disk, after a call of WriteBack.forget.

        An error that loses data is kept: later writes, and the end of the transfer, raise it too.
        """


class _Unsynced:
    """What was written to some content since its last sync."""

    __slots__ = ("since", "size")

    def __init__(self, since: float) -> None:
        self.size = 0
        self.since = since


class WriteBack:
    """Syncs the content of all transfers in one thread, which sleeps while nothing is written.

    That is content of which something was written `longest` seconds ago; and as soon as `most`
    bytes of all content are unsynced, the content that has most of them. `clock` returns seconds.
    Thread-safe.
    """

    def __init__(
        self, clock: Callable[[], float], most: int = _MOST, longest: float = _LONGEST
    ) -> None:
        self._clock = clock
        self._most = most
        self._longest = longest
        self._unsynced: dict[Syncable, _Unsynced] = {}  # oldest first
        self._size = 0
        self._rests_until = 0.0
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    def wrote(self, content: Syncable, size: int) -> None:
        """Take note of `size` bytes just written; returns at once."""
        with self._changed:
            if self._closing:
                return
            is_first = not self._unsynced
            self._unsynced.setdefault(content, _Unsynced(self._clock())).size += size
            was_full = self._size >= self._most
            self._size += size
            if is_first or (self._size >= self._most and not was_full):
                self._start()
                self._changed.notify()

    def forget(self, content: Syncable) -> None:
        """Take note that content is being synced by its caller now, or was closed."""
        with self._changed:
            self._forget(content)

    def close(self) -> None:
        """End the thread, after the sync that it may be at; what is unsynced stays so."""
        with self._changed:
            self._closing = True
            self._unsynced.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(10.0)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="write-back", daemon=True)
            self._thread.start()

    # --- the thread -------------------------------------------------------------------------
    def _run(self) -> None:
        while (due := self._take()) is not None:
            content, is_urgent = due
            began = self._clock()
            try:
                content.sync()
            except MinitorrentError as error:  # whoever writes next, or finishes, gets it
                log.info("content could not be synced", error=error.message)
            except Exception:
                log.exception("content could not be synced")
            if not is_urgent:
                now = self._clock()
                self._rests_until = now + _REST * (now - began)
            del due, content  # it must not live on while this waits

    def _take(self) -> tuple[Syncable, bool] | None:
        """Wait until content is due; return it, and whether that is for its size; None at the end.

        It counts as synced from now on.
        """
        with self._changed:
            while not self._closing:
                if self._size >= self._most:
                    largest = max(self._unsynced, key=lambda one: self._unsynced[one].size)
                    self._forget(largest)
                    return largest, True
                oldest = next(iter(self._unsynced), None)
                pause = None if oldest is None else self._pause(self._unsynced[oldest])
                if oldest is not None and pause is not None and pause <= 0:
                    self._forget(oldest)
                    return oldest, False
                self._changed.wait(pause)
            return None

    def _pause(self, unsynced: _Unsynced) -> float:
        """Return the seconds until this content is due."""
        return max(unsynced.since + self._longest, self._rests_until) - self._clock()

    def _forget(self, content: Syncable) -> None:
        gone = self._unsynced.pop(content, None)
        self._size -= gone.size if gone else 0
