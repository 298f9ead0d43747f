"""Schedules downloads: a limited number is active, the others are queued."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from client.config import DEFAULT_TIMING
from client.core.transfers.download_queue import DownloadQueue, Entry
from client.state.settings import Settings
from client.state.transfers import TransferRecord

DEFAULT_ACTIVE = 5
"""Downloads that run at once unless the user says otherwise."""


_SETTING = "active_downloads"


def choose_places(settings: Settings, chosen: int | None) -> int:
    """Return how many downloads may run: `chosen`, which is stored, or the stored number."""
    if chosen is not None:
        settings.set("", _SETTING, str(chosen))
        return chosen
    kept = settings.get("", _SETTING)
    return int(kept) if kept else DEFAULT_ACTIVE


class Queued(Protocol):
    """A download as the queue sees it."""

    @property
    def record(self) -> TransferRecord:
        """Its database record; the id tells its age."""

    @property
    def priority(self) -> int:
        """Higher priorities run first."""

    @property
    def needs_peers(self) -> bool:
        """Whether it runs and has no peer to download from."""

    def take_turn(self) -> None:
        """Start to run; returns at once."""

    def lose_turn(self) -> None:
        """Stop and wait for the next turn; returns at once."""


class DownloadScheduler:
    """Schedules the downloads that want to run. Thread-safe.

    At most `places` of those that have peers run at once, 0 means no limit. A download without any
    peer for `patience` seconds lends its place to the next. `clock` returns seconds.
    """

    def __init__(
        self,
        places: int,
        clock: Callable[[], float],
        patience: float = DEFAULT_TIMING.lend_place_after,
    ) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._queue = DownloadQueue(places, patience)
        self._members: dict[int, Queued] = {}
        self._holds = 0

    @property
    def places(self) -> int:
        """How many downloads that have peers may run at once; 0 means no limit."""
        return self._queue.places

    @places.setter
    def places(self, places: int) -> None:
        """Change their number, which starts or stops downloads."""
        with self._lock:
            self._queue.places = places
        self.review()

    def join(self, member: Queued) -> None:
        """Queue a download, which runs when its turn comes; a no-op if it is queued already."""
        number = member.record.id
        with self._lock:
            if self._members.get(number) is not member:
                self._queue.leave(number)  # an earlier run of this download may have a place
                self._members[number] = member
        self.review()

    def leave(self, member: Queued) -> None:
        """Remove a download; its place goes to the next.

        A no-op when another one with its record has joined since: it was restarted.
        """
        number = member.record.id
        with self._lock:
            if self._members.get(number) is not member:
                return
            del self._members[number]
            self._queue.leave(number)
        self.review()

    def clear(self) -> None:
        """Remove all downloads."""
        with self._lock:
            for number in self._members:
                self._queue.leave(number)
            self._members.clear()

    def has_turn(self, member: Queued) -> bool:
        """Return whether a download may run."""
        with self._lock:
            number = member.record.id
            return number in self._members and self._queue.has_place(number)

    def place(self, member: Queued) -> tuple[int, int] | None:
        """Return a waiting download's place, from 1, and how many wait; None if it isn't one."""
        with self._lock:
            waiting = self._queue.waiting(self._entries())
        number = member.record.id
        return (waiting.index(number) + 1, len(waiting)) if number in waiting else None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Start nothing inside the block, so that the first in order of several starts first."""
        with self._lock:
            self._holds += 1
        try:
            yield
        finally:
            with self._lock:
                self._holds -= 1
            self.review()

    def review(self) -> None:
        """Start and stop downloads as their turns require; call it now and then, too."""
        with self._lock:
            if self._holds:
                return
            started, stopped = self._queue.review(self._entries(), self._clock())
            for number in stopped:
                self._members[number].lose_turn()
            for number in started:
                self._members[number].take_turn()

    def _entries(self) -> list[Entry]:
        return [
            Entry(number, member.priority, is_lonely=member.needs_peers)
            for number, member in self._members.items()
        ]
