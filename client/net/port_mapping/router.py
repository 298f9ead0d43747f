"""What a router that maps ports is asked for, whatever it speaks."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

LIFETIME: Final = 3600
"""Seconds that a mapping is asked for; it is renewed long before."""


class RouterError(Exception):
    """There is no such router, or it refuses, or answers nonsense."""


class Grant(NamedTuple):
    """A mapping: connections to `port` at the router's `host` outside arrive at this client.

    `lifetime` is in seconds; 0 if the mapping stays until it is removed.
    """

    host: str
    port: int
    lifetime: int


class Router(Protocol):
    """A way to talk to a router. A call may take seconds, and raises RouterError or OSError."""

    @property
    def name(self) -> str:
        """What the router speaks."""

    def map(self, port: int) -> Grant:
        """Map a TCP port of this computer, or renew its mapping."""

    def unmap(self, port: int) -> None:
        """Remove the mapping of a port of this computer."""
