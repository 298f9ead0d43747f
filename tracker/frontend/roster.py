"""The open connections of a tracker: counted, and found by user, without a search."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Set
from itertools import chain

from tracker.domain.admission import Admission, ConnectionLimits, Slot, SlotCounts, admit
from tracker.frontend.connection import Connection

_CROWD = 50  # a user with more connections can be displaced when all slots are taken


class Roster:
    """All connections of one server, with the users who are logged in on them. Thread-safe.

    A connection that was turned away, or displaced by a newcomer, takes no slot, but stays until
    it has ended.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()  # guards everything below
        self._is_empty = threading.Condition(self._lock)
        self._all: dict[str, Connection] = {}  # by id
        self._served: dict[Connection, str | None] = {}  # who is logged in, if anyone
        self._turned_away = SlotCounts()
        self._counts = SlotCounts()
        self._strangers: set[Connection] = set()  # served, without a login
        self._by_user: dict[str, set[Connection]] = {}
        self._sessions = 0

    def __len__(self) -> int:
        return len(self._all)

    @property
    def sessions(self) -> int:
        """The number of connections with a login."""
        return self._sessions

    def everyone(self) -> list[Connection]:
        """Return all connections."""
        with self._lock:
            return list(self._all.values())

    def by_id(self, connection_id: str) -> Connection | None:
        """Return the connection with this id, if it is here."""
        with self._lock:
            return self._all.get(connection_id)

    def of_users(self, users: Set[str]) -> list[Connection]:
        """Return the connections on which these users are logged in."""
        with self._lock:
            present = self._by_user.keys() & users
            return list(chain.from_iterable(self._by_user[user] for user in present))

    def admit(self, party: str, now: float) -> Admission[Connection]:
        """Decide on a newcomer; takes the slot of the connection that it displaces, if any."""
        with self._lock:
            decided = admit(self._limits, party, self._counts, self._displaceable, now)
            if decided.displaced is not None:
                self._stop_serving(decided.displaced)
            return decided

    def add(self, connection: Connection) -> None:
        """Add a connection; one that is turned away takes no slot."""
        with self._lock:
            self._all[connection.id] = connection
            if connection.is_turned_away:
                self._turned_away.take(connection.party)
            else:
                self._served[connection] = None
                self._strangers.add(connection)
                self._counts.take(connection.party)

    def note_login(self, connection: Connection) -> None:
        """Record who is logged in on this connection now, if anyone."""
        with self._lock:
            if connection in self._served:
                self._leave(connection)
                self._enter(connection, connection.user)

    def remove(self, connection: Connection) -> None:
        """Remove a connection that has ended."""
        with self._lock:
            del self._all[connection.id]
            if connection.is_turned_away:
                self._turned_away.free(connection.party)
            else:
                self._stop_serving(connection)
            if not self._all:
                self._is_empty.notify_all()

    def wait_until_empty(self, timeout: float) -> int:
        """Wait at most `timeout` seconds for all to end; return how many have not."""
        with self._lock:
            self._is_empty.wait_for(lambda: not self._all, timeout)
            return len(self._all)

    def count_turned_away(self, party: str) -> tuple[int, int]:
        """Return how many connections are being turned away: in total, and this party's."""
        with self._lock:
            return self._turned_away.total, self._turned_away.of(party)

    def _stop_serving(self, connection: Connection) -> None:
        if connection in self._served:
            self._leave(connection)
            self._strangers.discard(connection)
            del self._served[connection]
            self._counts.free(connection.party)

    def _enter(self, connection: Connection, user: str | None) -> None:
        self._served[connection] = user
        if user is not None:
            self._strangers.discard(connection)
            self._by_user.setdefault(user, set()).add(connection)
            self._sessions += 1

    def _leave(self, connection: Connection) -> None:
        """Take a served connection out of its user's, if it has one."""
        user = self._served[connection]
        if user is not None:
            self._strangers.add(connection)
            self._sessions -= 1
            self._by_user[user].remove(connection)
            if not self._by_user[user]:
                del self._by_user[user]

    def _displaceable(self) -> Iterable[Slot[Connection]]:
        """Return the slots of connections without a login, or of users with very many."""
        crowds = (mine for mine in self._by_user.values() if len(mine) > _CROWD)
        for one in chain(self._strangers, *crowds):
            yield Slot(one, one.party, one.last_line)
