"""How long to wait, how much to hold, how many to serve."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SwarmConfig:
    """One torrent's bounds. Times are seconds, windows are blocks of 16 KiB."""

    upload_slots: int = 8
    """Peers served at once, the optimistic one among them."""
    rechoke_every: float = 10.0
    optimistic_every: float = 30.0
    keep_alive_every: float = 100.0
    silence: float = 150.0
    """A peer that says nothing for so long is gone."""
    stalled_after: float = 1.0
    """A peer that owes blocks and sends none for so long is no match for an idle one."""
    snubbed_after: float = 20.0
    """A peer that owes blocks and sends none for so long has its pieces fetched elsewhere."""
    hopeless_after: float = 60.0
    """A peer that owes blocks and sends none for so long is let go."""
    first_window: int = 16
    """Requests kept out to a peer of which nothing is known yet."""
    least_window: int = 8
    most_window: int = 512
    window_seconds: float = 3.0
    """Requests are kept out for what a peer sends in so many seconds."""
    unsaid_max_requests: int = 250
    """Requests that a peer takes when it does not say (BEP 10, `reqq`)."""
    fetchers: int = 2
    """Peers that fetch the same piece at once in the endgame."""
    connections: int = 50
    connections_each: int = 3
    """Of those, to one member's login, or to one address in an open group."""
