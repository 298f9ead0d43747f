"""Registration of this tracker in the shared database, and cleanup of expired rows."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection

from common.api.tokens import LONGEST_LIFETIME
from tracker.domain.clock_watch import ClockWatch
from tracker.services.accounts.logins import SESSION_SECONDS
from tracker.services.caller import Identity
from tracker.services.clock import Clock
from tracker.services.events import EventService
from tracker.services.sharing.announce import HTTP_GRACE
from tracker.store.presence.trackers import Site
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

BEAT_SECONDS = 2.0
"""Interval of the heartbeat."""

DISTRUST_SECONDS = 3600.0
"""Nothing is deleted as expired for this long after the clock jumped forward: the jump may be a
mistake that is soon corrected. Nor are lifetimes shortened for this long after any jump, and after
the start.
"""

EXPIRY_SECONDS = 60.0
"""Interval at which expired logins and certificates are deleted."""

_WILDCARDS = frozenset({"0.0.0.0", "::"})  # not unique to a machine


class Lifecycle:
    """Registers this tracker, keeps its heartbeat fresh, and deletes what dead trackers left.

    Times in the database are those of its own clock, which the trackers look at with each
    heartbeat. When it is changed, everything alive stays alive for as long as it would have been.
    """

    def __init__(
        self,
        database: UnitOfWorkFactory,
        clock: Clock,
        steady: Clock,
        events: EventService,
        site: Site,
    ) -> None:
        self._database = database
        self.clock = clock
        """The time of the database, by which logins and certificates end."""
        self._steady = steady
        self._events = events
        self._tracker_id = events.tracker_id
        self._site = site
        self._watch = ClockWatch(clock(), steady())
        self._trusted_from = self._next_expiry = -math.inf
        self._sure_from = steady() + DISTRUST_SECONDS  # a machine may boot with a wrong clock
        self._beating = threading.Lock()
        self._last_beat = steady()
        self.is_beat_failing = False
        """Whether the last heartbeat could not be written."""

    def start(self) -> None:
        """Register this tracker; it may hold connections from now on."""
        with self._database.write() as work:
            if self._site.host not in _WILDCARDS:
                work.trackers.remove_former(self._site)
            work.trackers.add(self._tracker_id, self._site, self.clock())

    def is_clock_set(self) -> bool:
        """Return whether the clock was changed since the last heartbeat."""
        return self._watch.jump(self.clock(), self._steady()) != 0.0

    def beat(self, sessions: Callable[[], Collection[Identity]] = tuple) -> bool:
        """Update this tracker's heartbeat and delete what has expired.

        Returns False if the tracker had stalled for so long that the others removed it: it is
        registered again, with those of its `sessions` whose logins have not ended meanwhile. Their
        peers return with the next announces.
        """
        try:
            known = self._beat(sessions)
        except Exception:
            self.is_beat_failing = True
            raise
        self.is_beat_failing = False
        return known

    def _beat(self, sessions: Callable[[], Collection[Identity]]) -> bool:
        with self._beating, self._database.write(urgent=True) as work:
            work.look_at_clock()
            now, steady = self.clock(), self._steady()
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
                logins = {one.connection_id: (one.token_id, one.local) for one in sessions()}
                work.trackers.reconnect(self._tracker_id, logins, now)
            self._delete_expired(work, now, steady)
        self._watch.accept(now, steady)
        self._last_beat = steady
        return known

    def beat_age(self) -> float:
        """Return the age of the last heartbeat that was written, in seconds.

        Beyond tracker.store.presence.trackers.FRESH_SECONDS, this tracker doesn't count as alive.
        """
        return self._steady() - self._last_beat

    def _delete_expired(self, work: UnitOfWork, now: float, steady: float) -> None:
        work.trackers.delete_expired(now)
        work.rendezvous.delete_expired(now)
        work.peers.delete_expired(now, HTTP_GRACE)
        if steady >= max(self._trusted_from, self._next_expiry):
            self._next_expiry = steady + EXPIRY_SECONDS
            if steady >= self._sure_from:
                work.users.bound_tokens(now, SESSION_SECONDS, LONGEST_LIFETIME)
            work.users.extend_used_tokens(now, SESSION_SECONDS)
            work.users.delete_expired_tokens(now)
            work.authorities.delete_expired(now)
            work.invitations.delete_expired(now)

    def stop(self) -> None:
        """Deregister this tracker; its connections and peers disappear at once."""
        with self._database.write(urgent=True) as work:
            work.users.mark_read(work.trackers.users_at(self._tracker_id), self._events.sent)
            work.trackers.remove(self._tracker_id)
