"""Limits on HTTP connections, so that no party shuts others out."""

from __future__ import annotations

import time
from typing import Protocol

from common.party import party_of
from tracker.domain.admission import ConnectionLimits, Slot, SlotCounts, admit
from tracker.frontend.descriptors import MAX_TURNED_AWAY


class SlotHolder(Protocol):
    """The part of a connection used here."""

    def is_idle(self) -> bool:
        """Return whether the tracker is waiting for the client."""
        ...

    def displace(self) -> None:
        """Close, to free the place for another connection."""
        ...


class ConnectionSlots:
    """The open connections of one server; used only by its event loop."""

    def __init__(self, total: int) -> None:
        self._connection_limits = ConnectionLimits(total, per_party=max(1, total // 4), grace=0.0)
        self._since: dict[SlotHolder, float] = {}
        self._parties: dict[SlotHolder, str] = {}
        self._counts = SlotCounts()
        self._lingering: set[SlotHolder] = set()

    def enter(self, holder: SlotHolder, address: str) -> bool:
        """Register a connection from an IP address; return False if all places are taken."""
        party = party_of(address)
        now = time.monotonic()
        decided = admit(self._connection_limits, party, self._counts, self._idle, now)
        if decided.displaced is not None:
            self.leave(decided.displaced)
            decided.displaced.displace()
        if decided.is_admitted:
            self._since[holder] = now
            self._parties[holder] = party
            self._counts.take(party)
        return decided.is_admitted

    def refresh(self, holder: SlotHolder) -> None:
        """Record that a complete request has arrived on this connection."""
        if holder in self._since:
            self._since[holder] = time.monotonic()

    def leave(self, holder: SlotHolder) -> None:
        """Unregister a closed connection."""
        if holder in self._since:
            del self._since[holder]
            self._counts.free(self._parties.pop(holder))
        self._lingering.discard(holder)

    def may_linger(self, holder: SlotHolder) -> bool:
        """Return whether a refused connection may stay briefly, until `leave`."""
        if len(self._lingering) < MAX_TURNED_AWAY:
            self._lingering.add(holder)
        return holder in self._lingering

    def _idle(self) -> list[Slot[SlotHolder]]:
        return [
            Slot(one, self._parties[one], since)
            for one, since in self._since.items()
            if one.is_idle()
        ]
