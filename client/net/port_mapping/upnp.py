"""UPnP (Internet Gateway Device), by the library miniupnpc."""

from __future__ import annotations

import ipaddress
import random
from typing import Any, Final

from client.net.port_mapping.router import LIFETIME, Grant, RouterError

_DISCOVERY: Final = 1000  # milliseconds
_DESCRIPTION: Final = "Minitorrent"
_FIRST_PORT, _LAST_PORT = 10_000, 60_000
_ATTEMPTS: Final = 3
"""Outer ports that are tried: other computers at home may have taken some."""

_PERMANENT_ONLY: Final = "OnlyPermanentLeasesSupported"


class Upnp:
    """The router that answers to a search; `host` is where this client accepts peers, if at one
    address.
    """

    name = "UPnP"

    def __init__(self, host: str | None = None) -> None:
        self._host = host
        self._found: Any = None
        self._outer_port = 0

    def map(self, port: int) -> Grant:
        """See Router."""
        found = self._found or self._search()
        try:
            host = str(ipaddress.IPv4Address(found.externalipaddress()))
        except Exception as error:  # the library raises nothing more special
            self._found = None
            raise RouterError(str(error)) from error
        lifetime = self._map(found, port)
        self._found = found
        return Grant(host, self._outer_port, lifetime)

    def unmap(self, port: int) -> None:
        """See Router."""
        try:
            self._found.deleteportmapping(self._outer_port, "TCP")
        except Exception as error:
            raise RouterError(str(error)) from error

    def _search(self) -> Any:
        try:
            import miniupnpc
        except ImportError as error:  # there is none for this system
            raise RouterError("miniupnpc is not installed") from error
        found = miniupnpc.UPnP()
        found.discoverdelay = _DISCOVERY
        if self._host is not None:
            found.multicastif = self._host
        try:
            found.discover()
            found.selectigd()
        except Exception as error:
            raise RouterError(str(error)) from error
        return found

    def _map(self, found: Any, port: int) -> int:
        """Map a port to the same one outside, or to another; return the lifetime."""
        others = random.sample(range(_FIRST_PORT, _LAST_PORT), _ATTEMPTS - 1)
        failure: Exception | None = None
        for outer in (self._outer_port or port, *others):
            for lifetime in (LIFETIME, 0):
                try:
                    inside = found.lanaddr, port, _DESCRIPTION, "", lifetime
                    is_mapped = found.addportmapping(outer, "TCP", *inside)
                except Exception as error:
                    failure = error
                    if _PERMANENT_ONLY in str(error):
                        continue
                else:
                    if is_mapped:
                        self._outer_port = outer
                        return lifetime
                break
        raise RouterError(str(failure or "it refuses"))
