"""Who may use the relay: tickets, and how much a member and a group may have relayed."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Collection
from typing import NamedTuple

from tracker.domain.throttle import Budget, Rate
from tracker.quotas import Quotas
from tracker.services.clock import Clock
from tracker.store.unit_of_work import UnitOfWorkFactory

TICKET_SECONDS = 30.0
_MOST_TICKETS = 20_000  # the oldest are dropped
_CAPACITY = 50_000  # members and groups whose bytes are counted
_DAY = 24 * 3600.0


class Pair(NamedTuple):
    """Two members of a sealed group whose clients are to be joined; `users` are their ids."""

    number: int
    group_id: int
    users: tuple[int, int]


class Place(NamedTuple):
    """What a ticket entitles to: one side (0 or 1) of a pair."""

    pair: Pair
    side: int


class RelayDesk:
    """Issues tickets for this tracker's relay, and takes them. Thread-safe.

    Unless it `is_open`, there are none.
    """

    def __init__(
        self, database: UnitOfWorkFactory, steady: Clock, quotas: Quotas, *, is_open: bool
    ) -> None:
        self._database = database
        self._steady = steady
        self._is_open = is_open
        self._lock = threading.Lock()  # guards the rest
        self._numbers = 0
        self._tickets: OrderedDict[str, tuple[float, Place]] = OrderedDict()  # with their ends
        self._of_users = Budget(_daily(quotas.relay_bytes), _CAPACITY)
        self._of_groups = Budget(_daily(quotas.group_relay_bytes), _CAPACITY)

    def issue(self, group_id: int, users: tuple[int, int]) -> tuple[str, str] | None:
        """Return a ticket for each of two members; None if the relay isn't for them now."""
        with self._lock:
            if not (self._is_open and self._has_left(group_id, users)):
                return None
            self._numbers += 1
            pair = Pair(self._numbers, group_id, users)
            tickets = secrets.token_hex(16), secrets.token_hex(16)
            until = self._steady() + TICKET_SECONDS
            for side, ticket in enumerate(tickets):
                self._tickets[ticket] = until, Place(pair, side)
            while len(self._tickets) > _MOST_TICKETS:
                self._tickets.popitem(last=False)
            return tickets

    def take(self, ticket: str) -> Place | None:
        """Return what a ticket is for, once; None for any other."""
        with self._lock:
            until, place = self._tickets.pop(ticket, (0.0, None))
            return place if self._steady() < until else None

    def count(self, pair: Pair, size: int) -> bool:
        """Count so many bytes; return False once a member, or the group, may have no more."""
        with self._lock:
            now = self._steady()
            self._of_groups.take(str(pair.group_id), now, size)
            for user_id in set(pair.users):
                self._of_users.take(str(user_id), now, size)
            return self._has_left(pair.group_id, pair.users)

    def ended(self, pairs: Collection[Pair]) -> set[Pair]:
        """Return those of which one is no longer a member. Raises DatabaseError."""
        if not pairs:
            return set()
        groups: dict[int, set[int]] = {}
        for pair in pairs:
            for user_id in pair.users:
                groups.setdefault(user_id, set()).add(pair.group_id)
        with self._database.read() as work:
            own = {one: work.groups.is_member_of(one, asked) for one, asked in groups.items()}
        return {pair for pair in pairs if not all(pair.group_id in own[one] for one in pair.users)}

    def _has_left(self, group_id: int, users: tuple[int, int]) -> bool:
        now = self._steady()
        waits = [self._of_users.wait(str(user_id), now) for user_id in users]
        return not any((*waits, self._of_groups.wait(str(group_id), now)))


def _daily(most: int) -> Rate:
    """Allow so many bytes at once, and as many a day."""
    return Rate(most, _DAY / most)
