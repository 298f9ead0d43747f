"""How far clients are: nobody waits for it, so it is written for many of them together."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import islice
from typing import NamedTuple

from tracker.domain.presence import OwnPeer, Presence, advanced, moved
from tracker.domain.traffic import NONE, Traffic
from tracker.store.presence.writer import PresenceWriter
from tracker.store.unit_of_work import UnitOfWorkFactory

WRITE_SECONDS = 2.0
"""Interval at which progress is written."""

_AT_ONCE = 200  # peers in one transaction: other writers wait meanwhile
_CAPACITY = 20_000  # peers; if the database falls behind, announces wait for it again


class Report(NamedTuple):
    """What a peer announced, and when."""

    file_id: int
    group_id: int
    user_id: int
    presence: Presence
    at: float

    @property
    def member(self) -> tuple[int, int]:
        """The group and the user."""
        return self.group_id, self.user_id


class Progress:
    """Keeps the latest report of each peer until it is written. Thread-safe.

    A tracker that is killed loses those of some seconds; the next announces repeat them, because
    clients report totals.
    """

    def __init__(self, database: UnitOfWorkFactory, capacity: int = _CAPACITY) -> None:
        self._database = database
        self._capacity = capacity
        self._lock = threading.Lock()  # guards the next
        self._reports: dict[int, Report] = {}  # by the peer's number in the database

    def keep(self, reports: Mapping[int, Report]) -> bool:
        """Keep reports in place of earlier ones; return False if there are too many."""
        with self._lock:
            if len(self._reports) + len(reports) > self._capacity:
                return False
            self._reports |= reports
            return True

    def forget(self, peers: Iterable[int]) -> None:
        """Forget what these peers reported: something newer is being recorded."""
        with self._lock:
            for number in peers:
                self._reports.pop(number, None)

    def write(self) -> None:
        """Write what was kept until now. Raises DatabaseError, and keeps what isn't written."""
        with self._lock:
            count = len(self._reports)
        while count > 0 and (batch := self._take(min(count, _AT_ONCE))):
            count -= len(batch)
            try:
                self._database.presence(partial(_write, batch))
            except Exception:
                with self._lock:
                    self._reports = batch | self._reports
                raise

    def _take(self, most: int) -> dict[int, Report]:
        with self._lock:
            batch = dict(islice(self._reports.items(), most))
            for number in batch:
                del self._reports[number]
            return batch


def _write(batch: Mapping[int, Report], work: PresenceWriter) -> None:
    """Write reports, except those of peers and members that somebody is just changing."""
    numbers, members = work.take(batch, {report.member for report in batch.values()})
    ready = {n: one for n, one in batch.items() if n in numbers and one.member in members}
    own = work.peers_beside(ready)
    rows: dict[int, tuple[Presence, float]] = {}
    traffic: dict[tuple[int, int], Traffic] = {}
    for report in sorted(ready.values(), key=lambda one: one.at):
        peers = own.get((report.file_id, report.user_id), [])
        place = advanced(peers, report.presence, report.at)
        if place is None:
            continue
        more = moved(peers, report.presence, report.at)
        traffic[report.member] = traffic.get(report.member, NONE).plus(more)
        # A client reports the same totals over its other address: they count once.
        peers[place] = OwnPeer(peers[place].id, report.at, report.presence)
        rows[peers[place].id] = report.presence, report.at
    work.add_traffic(traffic)
    work.advance(rows)
