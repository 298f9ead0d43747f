"""What an announce changes of its user's peers at a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from common.types import PeerId
from tracker.domain.traffic import Traffic, growth

PEERS_PER_FILE = 8
"""Most peers of one user at a file; the newest announce replaces the oldest."""

REFRESH_SECONDS = 300.0
"""An announce that changes nothing is recorded if it extends the presence by this much."""

_CROWDED = PEERS_PER_FILE // 2
_MOST_BYTES = 2**48
"""Larger numbers are stored as this: no content is so long, and sums over many peers fit 64
bits.
"""


class Presence(NamedTuple):
    """A client at a file; `left`, `uploaded` and `downloaded` are bytes.

    Valid as long as the session connection, or, without one, until `expires_at`.
    """

    peer_id: PeerId
    host: str
    port: int
    left: int
    uploaded: int
    downloaded: int
    connection_id: str | None = None
    expires_at: float | None = None

    @property
    def totals(self) -> Traffic:
        """What the client says it has sent and received so far."""
        return Traffic(self.uploaded, self.downloaded)

    @property
    def lasting(self) -> tuple[object, ...]:
        """Everything but the time until which it is valid."""
        return self[:-1]

    @property
    def whereabouts(self) -> tuple[object, ...]:
        """Everything that others learn of it: where it is, and whether it has everything."""
        return (self.peer_id, self.host, self.port, self.connection_id, not self.left)


class OwnPeer(NamedTuple):
    """One of a user's peers at a file, as recorded at a time; larger ids were recorded later."""

    id: int
    recorded_at: float
    presence: Presence


class Change(NamedTuple):
    """What to do with a user's peers at a file: delete some, and add the announced presence.

    `is_growth` says that the user has more peers afterwards; `is_progress` that nobody else is told
    anything else than before, so it may be recorded somewhat later.
    """

    drop: tuple[int, ...]
    add: Presence | None
    is_growth: bool = False
    is_progress: bool = False


def bounded(count: int) -> int:
    """Return a number of bytes as it is stored."""
    return min(count, _MOST_BYTES)


def arrival(own: Sequence[OwnPeer], announced: Presence) -> Change | None:
    """Return what an announce changes, or None if it need not be recorded.

    The client's address in the other family, IPv4 or IPv6, is kept. A client that restarted with a
    new peer id at the same address replaces its old self. A user with too many peers at the file
    loses the least recently recorded, so every announce counts for a user with many.
    """
    replaced = [peer for peer in own if _replaces(announced, peer.presence)]
    is_progress = False
    if len(own) <= _CROWDED and len(replaced) == 1:
        before = replaced[0].presence
        if before.lasting == announced.lasting and not _extends(announced, before):
            return None
        is_progress = before.whereabouts == announced.whereabouts and _lasts(announced, before)
    others = sorted(peer.id for peer in own if peer not in replaced)
    surplus = others[: max(0, len(others) + 1 - PEERS_PER_FILE)]
    drop = (*(peer.id for peer in replaced), *surplus)
    return Change(drop, announced, is_growth=not drop, is_progress=is_progress)


def departure(own: Sequence[OwnPeer], peer_id: PeerId) -> Change | None:
    """Return what to delete when a client leaves the file, or None if it isn't there."""
    drop = tuple(peer.id for peer in own if peer.presence.peer_id == peer_id)
    return Change(drop, None) if drop else None


def advanced(own: Sequence[OwnPeer], announced: Presence, at: float) -> int | None:
    """Return the index of the peer that has advanced as announced at a time.

    None if it has been recorded later than that, or has changed otherwise.
    """
    for index, peer in enumerate(own):
        if peer.presence.whereabouts == announced.whereabouts and peer.recorded_at <= at:
            return index
    return None


def moved(own: Sequence[OwnPeer], announced: Presence, now: float) -> Traffic:
    """Return what a client has sent and received of a file since it last announced it."""
    same = [peer for peer in own if peer.presence.peer_id == announced.peer_id]
    seconds = now - max((peer.recorded_at for peer in same), default=now)
    return growth([peer.presence.totals for peer in same], announced.totals, seconds)


def _replaces(new: Presence, old: Presence) -> bool:
    if old.peer_id == new.peer_id:
        return (":" in old.host) == (":" in new.host)
    return new.port != 0 and (old.host, old.port) == (new.host, new.port)


def _lasts(new: Presence, old: Presence) -> bool:
    """Return whether the old presence will last for a good while, if the clock is right."""
    if new.expires_at is None or old.expires_at is None:
        return new.expires_at == old.expires_at
    return 0 <= new.expires_at - old.expires_at < 2 * REFRESH_SECONDS


def _extends(new: Presence, old: Presence) -> bool:
    """Return whether a presence would end much later; also if it would end much earlier, which
    happens after the clock was set back.
    """
    if new.expires_at is None or old.expires_at is None:
        return new.expires_at != old.expires_at
    return abs(new.expires_at - old.expires_at) >= REFRESH_SECONDS
