"""How many HTTP connections are open, and whose: no party keeps the others out."""

from __future__ import annotations

import time
from typing import Protocol

from common.party import party_of
from tracker.domain.admission import ConnectionLimits, Slot, admit
from tracker.frontend.descriptors import MAX_TURNED_AWAY


class SlotHolder(Protocol):
    """A connection as it is seen here."""

    def is_idle(self) -> bool:
        """Whether the tracker is waiting for the other side, not the other way round."""
        ...

    def displace(self) -> None:
        """Close, for another has come."""
        ...


class ConnectionSlots:
    """The open connections of one server; used by its event loop alone."""

    def __init__(self, total: int) -> None:
        self._connection_limits = ConnectionLimits(total, per_party=max(1, total // 4), grace=0.0)
        self._since: dict[SlotHolder, float] = {}
        self._parties: dict[SlotHolder, str] = {}
        self._lingering: set[SlotHolder] = set()

    def enter(self, holder: SlotHolder, address: str) -> bool:
        """Count a new connection from an IP address; False when there is no room for it."""
        party = party_of(address)
        now = time.monotonic()
        taken = [
            Slot(one, self._parties[one], since, one.is_idle())
            for one, since in self._since.items()
        ]
        decided = admit(self._connection_limits, party, taken, now)
        if decided.displaced is not None:
            self.leave(decided.displaced)
            decided.displaced.displace()
        if decided.is_admitted:
            self._since[holder] = now
            self._parties[holder] = party
        return decided.is_admitted

    def move(self, holder: SlotHolder) -> None:
        """Something whole has come from this connection: a request."""
        if holder in self._since:
            self._since[holder] = time.monotonic()

    def leave(self, holder: SlotHolder) -> None:
        """A connection is closed."""
        self._since.pop(holder, None)
        self._parties.pop(holder, None)
        self._lingering.discard(holder)

    def may_linger(self, holder: SlotHolder) -> bool:
        """Whether one that didn't get in may stay a little, until it `leave`s."""
        if len(self._lingering) < MAX_TURNED_AWAY:
            self._lingering.add(holder)
        return holder in self._lingering
