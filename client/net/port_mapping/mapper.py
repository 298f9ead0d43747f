"""Keeps the client's port mapped in the background, and takes the mapping back at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from client.core.health.measurements import MappedPort, PortMapping
from client.net.own_addresses import local_hosts
from client.net.port_mapping.nat_pmp import NatPmp, gateway
from client.net.port_mapping.router import Grant, Router, RouterError
from client.net.port_mapping.upnp import Upnp
from common.addresses import is_ipv6, is_public

log = structlog.get_logger(__name__)

RETRY: Final = 900.0
"""Seconds until routers are asked again after none has mapped the port."""

SHORTEST: Final = 60.0
"""A mapping is not renewed more often than this, in seconds."""

_PARTING: Final = 2.0
"""Seconds that the end of a client waits for the mapping to be removed."""


class PortMapper:
    """Has a router map `port`, once started; calls `changed` when the port outside is another.

    It has a thread of its own, so that a router that hangs delays nothing else. `routers` returns
    the ways to ask for it, in this order.
    """

    def __init__(
        self, port: int, routers: Callable[[], Sequence[Router]], changed: Callable[[], None]
    ) -> None:
        self._port = port
        self._routers = routers
        self._changed = changed
        self._closing = threading.Event()
        self._router: Router | None = None
        self._grant: Grant | None = None
        self.found = MappedPort(PortMapping.OFF)
        """What has become of it, for display."""
        self._thread = threading.Thread(target=self._run, name="port mapping", daemon=True)

    def start(self) -> None:
        """Start to look for a router."""
        self.found = MappedPort(PortMapping.SEARCHING)
        self._thread.start()

    def close(self) -> None:
        """Remove the mapping; a router that doesn't answer is not waited for."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(_PARTING)

    @property
    def outer_port(self) -> int:
        """The port where others reach this client over IPv4."""
        grant = self._grant
        return grant.port if grant is not None and is_public(grant.host) else self._port

    # --- the thread -------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            while not self._closing.wait(self._renew()):
                pass
        except Exception:
            log.exception("mapping the port failed")
        if self._router is not None and self._grant is not None:
            self._try(lambda router: router.unmap(self._port), self._router)

    def _renew(self) -> float:
        """Map the port, or renew the mapping; return the seconds until the next time."""
        before = self.outer_port
        known = [] if self._router is None else [self._router]
        grant = None
        for router in known or self._routers():
            grant = self._try(lambda one: one.map(self._port), router)
            if grant is not None:
                self._router = router
                break
        if grant is None:
            self._router = None
        self._take(grant)
        if self.outer_port != before:
            self._changed()
        if grant is None:
            return SHORTEST if known else RETRY
        return max(SHORTEST, (grant.lifetime or RETRY) / 2)

    def _take(self, grant: Grant | None) -> None:
        self._grant = grant
        if grant is None or self._router is None:
            self.found = MappedPort(PortMapping.NONE)
            return
        kind = PortMapping.MAPPED if is_public(grant.host) else PortMapping.BEHIND_ANOTHER
        self.found = MappedPort(kind, self._router.name, grant.host, grant.port)
        log.info("the port is mapped", router=self._router.name, host=grant.host, port=grant.port)

    def _try(self, ask: Callable[[Router], Grant | None], router: Router) -> Grant | None:
        try:
            return ask(router)
        except (OSError, RouterError) as error:
            log.info("a router maps no port", router=router.name, error=str(error))
            return None


def usual_routers(host: str | None) -> Sequence[Router]:
    """Return the ways to ask the router of this network; none if this computer needs no mapping.

    `host` is where this client accepts peers, if at one address.
    """
    if not any(not is_ipv6(one) for one in local_hosts(host)):
        return ()
    where = gateway()
    pmp: list[Router] = [] if where is None else [NatPmp(where)]
    return [*pmp, Upnp(host)]
