"""Where others reach this client."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from client.config import Timing
from client.net.peers.listener import Listener
from client.net.port_mapping.mapper import PortMapper, usual_routers
from client.net.tracker.other_family import OtherFamily
from client.net.tracker.port_check import OwnPort
from client.net.tracker.tracker_client import TrackerClient
from client.net.tracker.tracker_connection import CheckCertificate
from common.addresses import is_ipv6


class PublicPort:
    """Has the router map the listener's port, and tells trackers at which addresses it is.

    At one address that was chosen, `host`, this client is nowhere else. `moved` is called when
    others have to dial another port than before, once `map` was.
    """

    def __init__(
        self,
        host: str | None,
        listener: Listener,
        tracker_client: TrackerClient,
        check_certificate: CheckCertificate,
        timing: Timing,
        moved: Callable[[], None],
    ) -> None:
        self._host = host
        self._listener = listener
        self._tracker_client = tracker_client
        self._moved = moved
        self._other_family = OtherFamily(tracker_client, self._at, check_certificate, timing)
        self.mapper = PortMapper(listener.port, partial(usual_routers, host), self._changed)
        listener.is_mapped = lambda: self.mapper.found.is_mapped

    def map(self) -> None:
        """Start to look for a router that maps the port."""
        self.mapper.start()

    def close(self) -> None:
        """Have the router remove the mapping."""
        self.mapper.close()

    def announced(self) -> int:
        """Return where peers reach us at the address that the tracker sees."""
        host = self._tracker_client.current_host
        return self._at(host is not None and is_ipv6(host))

    def own_port(self) -> OwnPort:
        """Return the port for checks of whether others reach it."""
        listener, mapper = self._listener, self.mapper
        return OwnPort(listener.port, lambda: listener.arrivals, outer=lambda: mapper.outer_port)

    def tell(self) -> None:
        """Tell the tracker, in the background, at which other address we are."""
        if self._host is None:
            self._other_family.tell()

    def _at(self, ipv6: bool) -> int:
        return self._listener.port if ipv6 else self.mapper.outer_port

    def _changed(self) -> None:
        self._moved()
        self.tell()
