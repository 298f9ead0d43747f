"""Checks whether others can reach the port where this client accepts peers."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from client.core.health.measurements import Reach
from common.api.operation import Operation, ReplyT, RequestT
from common.api.presence import CHECK_PORT, CheckPort
from common.types import Endpoint

DIAL_LIMIT: Final = 5.0
"""Seconds to connect to our own port."""

ARRIVAL_LIMIT: Final = 1.0
"""Seconds between a connection being accepted and the listener noticing it."""


class DialledPort(NamedTuple):
    """The address where our port was dialled, and the result."""

    host: str
    reach: Reach


class Tracker(Protocol):
    """A tracker that can be asked; TrackerClient asks over its connection."""

    def call(self, operation: Operation[RequestT, ReplyT], request: RequestT) -> ReplyT:
        """Return its reply; raises MinitorrentError: its refusal, or the network's failure."""


class OwnPort:
    """The port of our listener; `arrivals` returns how many connections it has accepted.

    `outer` returns the port where others dial it.
    """

    def __init__(
        self,
        port: int,
        arrivals: Callable[[], int],
        arrival_limit: float = ARRIVAL_LIMIT,
        dial_limit: float = DIAL_LIMIT,
        outer: Callable[[], int] | None = None,
    ) -> None:
        self.port = port
        self._outer = outer
        self._dial_limit = dial_limit
        self._arrival_limit = arrival_limit
        self._arrivals = arrivals

    @property
    def outer_port(self) -> int:
        """The port that others dial."""
        return self.port if self._outer is None else self._outer()

    def dialled_by_tracker(self, tracker_client: Tracker) -> DialledPort:
        """Ask the tracker to dial our port; takes a few seconds if nothing answers it.

        Raises MinitorrentError when no tracker can be reached; usage when it is too old for this.
        """
        before = self._arrivals()
        reply = tracker_client.call(CHECK_PORT, CheckPort(port=self.outer_port))
        if reply.reachable:
            return DialledPort(reply.host, self._reach(before))
        return DialledPort(reply.host, Reach.REFUSED if reply.refused else Reach.SILENT)

    def dialled_from_here(self, host: str) -> DialledPort:
        """Connect to our port at one of this machine's addresses, and hang up."""
        before = self._arrivals()
        try:
            socket.create_connection(Endpoint(host, self.port), self._dial_limit).close()
        except ConnectionRefusedError:
            return DialledPort(host, Reach.REFUSED)
        except OSError:
            return DialledPort(host, Reach.SILENT)
        return DialledPort(host, self._reach(before))

    def _reach(self, before: int) -> Reach:
        """Return whether the accepted connection arrived at our listener.

        `before` is how many had arrived before the dial.
        """
        until = time.monotonic() + self._arrival_limit
        while self._arrivals() == before:
            if time.monotonic() > until:
                return Reach.ELSEWHERE
            time.sleep(0.01)
        return Reach.HERE
