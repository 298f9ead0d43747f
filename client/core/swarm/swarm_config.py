"""Timeouts, windows and limits of a torrent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SwarmConfig:
    """The settings of one torrent. Times are seconds, windows are blocks of 16 KiB."""

    upload_slots: int = 4
    """Peers served at once, including the optimistic one; more if that makes us send faster."""
    max_upload_slots: int = 16
    extra_slots: int = 4
    """Further peers served while some of those served request nothing."""
    slot_idle_after: float = 2.0
    """A served peer that has requested nothing for this long takes no slot."""
    rechoke_every: float = 10.0
    optimistic_every: float = 30.0
    keep_alive_every: float = 100.0
    silent_after: float = 150.0
    """Close the connection to a peer from which no message has arrived for this long."""
    stalled_after: float = 1.0
    """A peer that owes blocks and sends none for this long has stalled: any idle one is quicker."""
    snubbed_after: float = 20.0
    """Let others fetch the pieces of a peer that owes blocks and sends none for this long."""
    hopeless_after: float = 60.0
    """Close the connection to a peer that owes blocks and sends none for this long."""
    initial_window: int = 16
    """Requests kept in flight to a peer whose rate is still unknown."""
    min_window: int = 8
    """Requests kept in flight to a slow peer."""
    max_window: int = 512
    window_seconds: float = 3.0
    """Requests are kept in flight for what a peer sends in this many seconds."""
    ahead_seconds: float = 1.0
    """Another piece is begun once a peer owes only what it sends in this many seconds."""
    min_ahead: int = 4
    """Requests in flight to a slow peer with which another piece is begun."""
    default_max_requests: int = 250
    """Requests that a peer accepts if it doesn't say (BEP 10, `reqq`)."""
    max_fetchers: int = 2
    """Peers that fetch the same piece at once in the endgame."""
    connections: int = 50
    """Peers connected at once."""
    useless_after: float = 30.0
    """Part with peers when, for this long, all places were taken and nobody had what we lack."""
    max_connections_each: int = 3
    """Of those, per member login, or per address in an open group."""
    remembered_parties: int = 4096
    """Connections, including ended ones, whose peers can still be banned for what they sent."""
