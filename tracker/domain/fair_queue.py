"""A fair queue for work that few may do at once and many wait for: password hashing.

Parties (see common.party) take turns, however many tickets each has waiting: a thousand requests of
one party delay another's by one. There are two queues: after three tickets in a row of known
parties, the next is an unknown party's, if one waits.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

TicketT = TypeVar("TicketT")

KNOWN_IN_A_ROW = 3


class _RoundRobin(Generic[TicketT]):
    """Each party's tickets in order, with the parties in round-robin order."""

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
        """Return the longest party's number of tickets, and its name."""
        return max((len(tickets), party) for party, tickets in self._parties.items())

    def drop_last(self, party: str) -> TicketT:
        ticket = self._parties[party][-1]
        self.remove(party, ticket)
        return ticket


class FairQueue(Generic[TicketT]):
    """Runs at most `at_once` tickets; `per_party` and `total` limit how many others wait.

    Not thread-safe.
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
        """Add a ticket. Returns the ticket that is refused for lack of space, if any: this or
        another.

        When the queue is full, the party with the most waiting tickets loses its last one.
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

    @property
    def waiting(self) -> int:
        """The number of tickets that wait."""
        return len(self._waiting)

    def begin(self) -> TicketT | None:
        """Start the next ticket and return it, or None; call `end` when it is done."""
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
        """Finish a ticket."""
        self._running -= 1

    def withdraw(self, ticket: TicketT) -> bool:
        """Remove a waiting ticket; return False if it isn't waiting."""
        if ticket not in self._waiting:
            return False
        party, known = self._waiting.pop(ticket)
        self._queues[known].remove(party, ticket)
        return True
