"""The configuration that a client starts with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from common.types import Endpoint

if TYPE_CHECKING:  # a usage error needn't load the logging library
    from common.invitation import InvitedTracker
    from common.process.logs import Level


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a client waits, in seconds; the settings of each torrent are in SwarmConfig."""

    tracker_connect: float = 5.0
    """For the connection to a tracker and its greeting."""
    tracker_ping_every: float = 30.0
    """A tracker that sends nothing for this long is pinged."""
    tracker_silence: float = 75.0
    """A tracker that sends nothing for this long, in spite of pings, counts as lost."""
    seed_announce_every: float = 0.005
    """Between announces of complete torrents, times the number of torrents announced.

    A client that shares 60,000 files announces each every five minutes: a seeder gets dialled, it
    need not dial.
    """
    announce_retry: float = 5.0
    """Between attempts to announce, while that fails."""
    identify_for: float = 10.0
    """An unidentified peer has this long to become known: it may dial before it announces."""
    lend_place_after: float = 60.0
    """A download without any peer for this long lends its place to the next."""
    tick_every: float = 0.25
    """Between the ticks of all transfers."""
    checkpoint_every: float = 30.0
    """Between checkpoints of the transfers' progress."""
    wait_without_peers: float = 600.0
    """A wait without a time limit ends when there was no peer to download from for this long."""
    checks: float = 15.0
    """For all health checks together: they run side by side."""


DEFAULT_TIMING: Final = Timing()

LOCK_NAME: Final = "client.lock"
"""The file in a data folder that its running client has locked."""

LONGEST_LINE: Final = 1 << 20
"""The maximum length of a line in a script, in bytes."""


@dataclass(frozen=True)
class ClientConfig:
    """Where this client accepts peers, which trackers it uses, and where it keeps its state."""

    listen: Endpoint
    trackers: tuple[Endpoint, ...]
    data_dir: Path
    log_level: Level = "warning"
    active: int | None = None
    """Downloads that run at once, 0 for no limit; None keeps the current setting."""
    web: Endpoint | None = None
    """Where to serve the page and the HTTP API."""
    timing: Timing = DEFAULT_TIMING
    maps_port: bool = True
    """Whether to have a router at home map the port, unless the settings forbid that."""
    invited: tuple[InvitedTracker, ...] = ()
    """Trackers of an invitation: their certificates are trusted before they are connected to."""

    @property
    def is_reached_by_others(self) -> bool:
        """Whether other computers can reach this client and its trackers."""
        are_local = all(tracker.is_loopback for tracker in self.trackers)
        return not (self.listen.is_loopback or are_local)


def app_folder() -> Path:
    """Return the folder in the user's data folder that holds the state of this user's clients."""
    import platformdirs

    return platformdirs.user_data_path("minitorrent", appauthor=False)


def default_data_dir(listen: Endpoint) -> Path:
    """Return the folder in the user's data folder that is named after the client's address."""
    return app_folder() / re.sub(r"[^A-Za-z0-9.-]", "_", str(listen))
