"""Checks whether others can reach the port where this client accepts peers."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from client.core.health.measurements import Reach
from client.net.tracker.tracker_client import TrackerClient
from common.api.presence import CHECK_PORT, CheckPort
from common.types import Endpoint

DIAL_LIMIT: Final = 5.0
"""Seconds to connect to our own port."""

ARRIVAL_LIMIT: Final = 1.0
"""Seconds between a connection being accepted and the listener noticing it."""


class Found(NamedTuple):
    """Where the port was dialled, and with which result."""

    host: str
    reach: Reach


class OwnPort:
    """The port of our listener; `arrivals` returns how many connections it has accepted."""

    def __init__(
        self, port: int, arrivals: Callable[[], int], arrival_limit: float = ARRIVAL_LIMIT
    ) -> None:
        self.port = port
        self._arrival_limit = arrival_limit
        self._arrivals = arrivals

    def dialled_by_tracker(self, link: TrackerClient) -> Found:
        """Ask the tracker to dial our port; takes a few seconds if nothing answers it.

        Raises MinitorrentError when no tracker can be reached; usage when it is too old for this.
        """
        before = self._arrivals()
        reply = link.call(CHECK_PORT, CheckPort(port=self.port))
        if reply.reachable:
            return Found(reply.host, self._met(before))
        return Found(reply.host, Reach.REFUSED if reply.refused else Reach.SILENT)

    def dialled_from_here(self, host: str) -> Found:
        """Connect to our port at one of this machine's addresses, and hang up."""
        before = self._arrivals()
        try:
            socket.create_connection(Endpoint(host, self.port), DIAL_LIMIT).close()
        except ConnectionRefusedError:
            return Found(host, Reach.REFUSED)
        except OSError:
            return Found(host, Reach.SILENT)
        return Found(host, self._met(before))

    def _met(self, before: int) -> Reach:
        """Return whether the accepted connection arrived at our listener."""
        until = time.monotonic() + self._arrival_limit
        while self._arrivals() == before:
            if time.monotonic() > until:
                return Reach.ELSEWHERE
            time.sleep(0.01)
        return Reach.HERE
