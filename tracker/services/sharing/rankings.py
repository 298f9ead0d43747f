"""The order of large groups' files by their seeders, kept for several pages and callers."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from typing import NamedTuple

from tracker.domain.paging import KeyPart
from tracker.services.clock import Clock
from tracker.store.records import ListedFile
from tracker.store.unit_of_work import UnitOfWork

LARGE = 2000
"""Groups with more files are ranked here; in others, seeders are counted for each page."""

RANKED_SECONDS = 10.0
"""How long an order is kept: to count the seeders of 100,000 files takes a fifth of a second."""

_MOST_FILES = 500_000  # in all rankings, at some 100 bytes each; the oldest are dropped

Page = list[tuple[ListedFile, tuple[KeyPart, ...]]]


class _Ranking(NamedTuple):
    """A group's files by seeders and id, each as a negative number, so that they ascend."""

    until: float
    keys: list[tuple[int, int]]


class SeederRankings:
    """Rankings of large groups. Thread-safe; `steady` is a monotonic clock."""

    def __init__(self, steady: Clock) -> None:
        self._steady = steady
        self._lock = threading.Lock()
        self._rankings: OrderedDict[int, _Ranking] = OrderedDict()

    def page(
        self,
        work: UnitOfWork,
        group_id: int,
        after: tuple[KeyPart, ...] | None,
        limit: int,
        now: float,
    ) -> Page:
        """Return the group's next files with their keys, as `FileListRepository.page` does."""
        keys = self._keys(work, group_id, now)
        place = 0 if after is None else bisect_right(keys, (-int(after[0]), -int(after[1])))
        found: Page = []
        while len(found) < limit and place < len(keys):
            some = keys[place : place + limit - len(found)]
            place += len(some)
            files = work.file_lists.by_ids(group_id, [-file_id for _, file_id in some])
            found += [
                (files[-file_id], (-seeders, -file_id))
                for seeders, file_id in some
                if -file_id in files  # or it was removed
            ]
        return found

    def _keys(self, work: UnitOfWork, group_id: int, now: float) -> list[tuple[int, int]]:
        with self._lock:
            known = self._rankings.get(group_id)
        if known is not None and self._steady() < known.until:
            return known.keys
        seeders = work.file_lists.seeders(group_id, now)
        keys = sorted((-count, -file_id) for file_id, count in seeders)
        with self._lock:
            self._rankings[group_id] = _Ranking(self._steady() + RANKED_SECONDS, keys)
            self._rankings.move_to_end(group_id)
            while sum(len(one.keys) for one in self._rankings.values()) > _MOST_FILES:
                self._rankings.popitem(last=False)
        return keys
