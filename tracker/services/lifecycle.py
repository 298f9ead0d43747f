"""A tracker's own life in the database that it shares with others."""

from __future__ import annotations

from tracker.services.clock import Clock
from tracker.store.trackers import Site
from tracker.store.work import Works

BEAT_SECONDS = 2.0
"""How often a tracker says that it is alive."""

_WILDCARDS = frozenset({"0.0.0.0", "::"})  # the same on every machine, so they name none


class Lifecycle:
    """Registers this tracker, keeps it fresh, and clears up after those that died."""

    def __init__(self, works: Works, clock: Clock, tracker_id: str, site: Site) -> None:
        self._works = works
        self._clock = clock
        self._tracker_id = tracker_id
        self._site = site

    def start(self) -> None:
        """From now on this tracker may hold connections."""
        with self._works.write() as work:
            if self._site.host not in _WILDCARDS:
                work.trackers.remove_former(self._site)
            work.trackers.add(self._tracker_id, self._site, self._clock())

    def beat(self) -> bool:
        """Say that this tracker is alive, and sweep.

        False when it had stalled for so long that the others gave it up: it is registered anew,
        but all that it held is gone, so its connections must be closed.
        """
        now = self._clock()
        with self._works.write() as work:
            known = work.trackers.beat(self._tracker_id, now)
            if not known:
                work.trackers.add(self._tracker_id, self._site, now)
            work.trackers.sweep(now)
            work.peers.sweep(now)
            work.users.sweep_tokens(now)
            work.authorities.sweep(now)
        return known

    def stop(self) -> None:
        """This tracker's connections and peers are gone at once."""
        with self._works.write() as work:
            work.users.told_all(work.trackers.users_at(self._tracker_id), work.events.last_id())
            work.trackers.remove(self._tracker_id)
