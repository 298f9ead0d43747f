"""Whose turn it is where few may work at once and many wait: password hashing.

Parties take turns (see common.party), whoever has more that waits: a thousand requests of one
delay another's by one. Two queues: of three turns in a row that go to parties who are known, the
next goes to a stranger, if one waits.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

TicketT = TypeVar("TicketT")

KNOWN_IN_A_ROW = 3


class _RoundRobin(Generic[TicketT]):
    """The tickets of each party in order, and the parties in the order of their turns."""

    def __init__(self) -> None:
        self._parties: OrderedDict[str, deque[TicketT]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._parties)

    def count(self, party: str) -> int:
        return len(self._parties.get(party, ()))

    def put(self, party: str, ticket: TicketT) -> None:
        self._parties.setdefault(party, deque()).append(ticket)

    def take(self) -> TicketT:
        party, tickets = self._parties.popitem(last=False)
        ticket = tickets.popleft()
        if tickets:
            self._parties[party] = tickets
        return ticket

    def remove(self, party: str, ticket: TicketT) -> None:
        tickets = self._parties[party]
        tickets.remove(ticket)
        if not tickets:
            del self._parties[party]

    def longest(self) -> tuple[int, str]:
        """How much waits of the party that has most, and which it is."""
        return max((len(tickets), party) for party, tickets in self._parties.items())

    def drop_last(self, party: str) -> TicketT:
        ticket = self._parties[party][-1]
        self.remove(party, ticket)
        return ticket


class FairQueue(Generic[TicketT]):
    """Gives turns to at most `at_once` tickets; of the rest, `per_party` and `total` may wait.

    Not safe for use by several threads at once.
    """

    def __init__(self, at_once: int, per_party: int, total: int) -> None:
        self._at_once = at_once
        self._per_party = per_party
        self._total = total
        self._running = 0
        self._in_a_row = 0
        self._queues: dict[bool, _RoundRobin[TicketT]] = {True: _RoundRobin(), False: _RoundRobin()}
        self._waiting: dict[TicketT, tuple[str, bool]] = {}

    def join(self, party: str, ticket: TicketT, *, known: bool) -> TicketT | None:
        """Queue up. Whoever finds no room gets no turn: it is returned, the ticket or another.

        Where there is no room for anybody, the party with most that waits loses its last ticket.
        """
        queue = self._queues[known]
        if queue.count(party) >= self._per_party:
            return ticket
        evicted = None
        if len(self._waiting) >= self._total:
            victims = max(filter(None, self._queues.values()), key=_RoundRobin.longest)
            most, name = victims.longest()
            if most <= queue.count(party) + 1:
                return ticket
            evicted = victims.drop_last(name)
            del self._waiting[evicted]
        queue.put(party, ticket)
        self._waiting[ticket] = (party, known)
        return evicted

    def begin(self) -> TicketT | None:
        """The next ticket whose turn it is; `end` has to follow. None while it is nobody's."""
        if self._running >= self._at_once or not self._waiting:
            return None
        known = bool(self._queues[True])
        if known and self._queues[False] and self._in_a_row >= KNOWN_IN_A_ROW:
            known = False
        self._in_a_row = self._in_a_row + 1 if known else 0
        ticket = self._queues[known].take()
        del self._waiting[ticket]
        self._running += 1
        return ticket

    def end(self) -> None:
        """A turn is over."""
        self._running -= 1

    def withdraw(self, ticket: TicketT) -> bool:
        """Wait no more; False when it isn't waiting (any more)."""
        if ticket not in self._waiting:
            return False
        party, known = self._waiting.pop(ticket)
        self._queues[known].remove(party, ticket)
        return True
