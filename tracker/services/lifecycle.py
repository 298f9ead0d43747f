"""A tracker's own life in the database that it shares with others."""

from __future__ import annotations

import math
import threading

from common.api.tokens import LONGEST_LIFETIME
from tracker.domain.clock_watch import ClockWatch
from tracker.services.accounts import SESSION_SECONDS
from tracker.services.announce import HTTP_GRACE
from tracker.services.clock import Clock
from tracker.store.trackers import FRESH_SECONDS, Site
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

BEAT_SECONDS = 2.0
"""How often a tracker says that it is alive."""

DISTRUST_SECONDS = 3600.0
"""So long after the clock was set forward nothing is thrown away because it has expired: it may
have been set wrong, and be set back. So long after it was set, and after the start, what would last
too long is let be, too."""

EXPIRY_SECONDS = 60.0
"""How often logins and certificates are looked through for those that have expired."""

_WILDCARDS = frozenset({"0.0.0.0", "::"})  # the same on every machine, so they name none


class Lifecycle:
    """Registers this tracker, keeps it fresh, and clears up after those that died.

    Times in the database are those of the wall clock, which several machines may share. When it is
    set, what was alive before stays alive for as long as it would have.
    """

    def __init__(
        self, database: UnitOfWorkFactory, clock: Clock, steady: Clock, tracker_id: str, site: Site
    ) -> None:
        self._database = database
        self._clock = clock
        self._steady = steady
        self._tracker_id = tracker_id
        self._site = site
        self._watch = ClockWatch(clock(), steady())
        self._trusted_from = self._next_expiry = -math.inf
        self._sure_from = steady() + DISTRUST_SECONDS  # a machine may start with a wrong clock
        self._beating = threading.Lock()
        self._last_beat = steady()

    def start(self) -> None:
        """From now on this tracker may hold connections."""
        with self._database.write() as work:
            if self._site.host not in _WILDCARDS:
                work.trackers.remove_former(self._site)
            work.trackers.add(self._tracker_id, self._site, self._clock())

    def is_clock_set(self) -> bool:
        """Whether somebody has set the clock since the last beat."""
        return self._watch.jump(self._clock(), self._steady()) != 0.0

    def beat(self) -> bool:
        """Say that this tracker is alive, and sweep.

        False when it had stalled for so long that the others gave it up: it is registered anew,
        but all that it held is gone, so its connections must be closed.
        """
        with self._beating, self._database.write(urgent=True) as work:
            now, steady = self._clock(), self._steady()
            jump = self._watch.jump(now, steady)
            if jump != 0:
                self._sure_from = steady + DISTRUST_SECONDS
            if jump > 0:
                work.trackers.adjust_for_clock_jump(now - jump, now)
                work.peers.adjust_for_clock_jump(now - jump, now, HTTP_GRACE)
                self._trusted_from = steady + DISTRUST_SECONDS
            known = work.trackers.beat(self._tracker_id, now)
            if not known:
                work.trackers.add(self._tracker_id, self._site, now)
            self._delete_expired(work, now, steady)
        self._watch.accept(now, steady)
        self._last_beat = steady
        return known

    def is_late(self) -> bool:
        """Whether the last beat is so long ago that this tracker counts for nothing any more."""
        return self._steady() - self._last_beat > FRESH_SECONDS

    def _delete_expired(self, work: UnitOfWork, now: float, steady: float) -> None:
        work.trackers.delete_expired(now)
        work.peers.delete_expired(now, HTTP_GRACE)
        if steady >= max(self._trusted_from, self._next_expiry):
            self._next_expiry = steady + EXPIRY_SECONDS
            if steady >= self._sure_from:
                work.users.bound_tokens(now, SESSION_SECONDS, LONGEST_LIFETIME)
            work.users.delete_expired_tokens(now)
            work.authorities.delete_expired(now)

    def stop(self) -> None:
        """This tracker's connections and peers are gone at once."""
        with self._database.write() as work:
            work.users.mark_read(work.trackers.users_at(self._tracker_id), work.events.last_id())
            work.trackers.remove(self._tracker_id)
