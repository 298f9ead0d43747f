"""The order of groups' files by their seeders; of large groups it is kept for several pages and
callers."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import NamedTuple

from tracker.domain.paging import KeyPart
from tracker.services.clock import Clock
from tracker.store.records import ListedFile
from tracker.store.unit_of_work import UnitOfWork

LARGE = 500
"""Groups with more files, or more peers, are ranked for a while; others for each page."""

RANKED_SECONDS = 10.0
"""How long an order is kept: to count the seeders of 100,000 files takes a fifth of a second."""

_MOST_FILES = 500_000  # in all rankings, at some 100 bytes each; the oldest are dropped
_NO_ID = 2**63 - 1

Key = tuple[int, int]
"""A file's seeders and its id, each as a negative number, so that they ascend."""

Page = list[tuple[ListedFile, tuple[KeyPart, ...]]]


class _Ranking(NamedTuple):
    """A group's files with seeders, in their order."""

    until: float
    keys: list[Key]
    ids: frozenset[int]


class SeederRankings:
    """Rankings of groups. Thread-safe; `steady` is a monotonic clock."""

    def __init__(self, steady: Clock) -> None:
        self._steady = steady
        self._lock = threading.Lock()
        self._rankings: OrderedDict[int, _Ranking] = OrderedDict()

    def page(
        self,
        work: UnitOfWork,
        group_id: int,
        pattern: str,
        after: tuple[KeyPart, ...] | None,
        limit: int,
        now: float,
    ) -> Page:
        """Return the group's next files with their keys, as `FileListRepository.page` does."""
        ranking = self._ranking(work, group_id, now)
        keys, others = ranking.keys, _others(work, group_id, ranking.ids)
        if pattern:
            fitting = frozenset(work.file_lists.fitting_ids(group_id, pattern))
            keys = [key for key in keys if -key[1] in fitting]
            others = _chosen(fitting - ranking.ids)
        place: Key = (-_NO_ID, 0) if after is None else (-int(after[0]), -int(after[1]))
        found: Page = []
        while len(found) < limit and (some := _next(keys, others, place, limit - len(found))):
            place = some[-1]
            files = work.file_lists.by_ids(group_id, [-file_id for _, file_id in some])
            found += [
                (files[-file_id], (-seeders, -file_id))
                for seeders, file_id in some
                if -file_id in files  # or it was removed
            ]
        return found

    def _ranking(self, work: UnitOfWork, group_id: int, now: float) -> _Ranking:
        with self._lock:
            known = self._rankings.get(group_id)
        if known is not None and self._steady() < known.until:
            return known
        rows = work.file_lists.seeders(group_id, now)
        keys = sorted((-seeders, -file_id) for file_id, seeders, _ in rows if seeders)
        ids = frozenset(-file_id for _, file_id in keys)
        ranking = _Ranking(self._steady() + RANKED_SECONDS, keys, ids)
        size = work.sizes.of_group(group_id).files
        self._keep(group_id, ranking, is_large=size + sum(peers for *_, peers in rows) > LARGE)
        return ranking

    def _keep(self, group_id: int, ranking: _Ranking, *, is_large: bool) -> None:
        with self._lock:
            self._rankings.pop(group_id, None)
            if is_large:
                self._rankings[group_id] = ranking
            while sum(len(one.keys) for one in self._rankings.values()) > _MOST_FILES:
                self._rankings.popitem(last=False)


Others = Callable[[int, int], list[int]]
"""Returns at most so many of the files without seeders, largest ids first, from below an id."""


def _next(keys: list[Key], others: Others, place: Key, limit: int) -> list[Key]:
    """Return the next keys, at most `limit`: of the files with seeders, then of the others."""
    start = bisect_right(keys, place)
    some = keys[start : start + limit]
    if len(some) < limit:
        below = -place[1] if place[0] == 0 else _NO_ID
        some += [(0, -file_id) for file_id in others(below, limit - len(some))]
    return some


def _others(work: UnitOfWork, group_id: int, ranked: Collection[int]) -> Others:
    """Return what selects among all files of a group but the ranked ones."""

    def select(below: int, limit: int) -> list[int]:
        found: list[int] = []
        while len(found) < limit:
            some = work.file_lists.newest_ids(group_id, below, limit)
            found += [file_id for file_id in some if file_id not in ranked]
            if len(some) < limit:
                break
            below = some[-1]
        return found[:limit]

    return select


def _chosen(file_ids: Collection[int]) -> Others:
    """Return what selects among these files."""
    ids = sorted(file_ids, reverse=True)
    ascending = [-file_id for file_id in ids]

    def select(below: int, limit: int) -> list[int]:
        start = bisect_right(ascending, -below)
        return ids[start : start + limit]

    return select
