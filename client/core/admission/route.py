"""How a connection with a peer came about."""

from __future__ import annotations

from enum import StrEnum

from common.addresses import is_ipv6, is_public


class Route(StrEnum):
    """The routes, as `peers` shows them.

    `direct`: one side dialled the other by itself. `mapped`: so it did, at a port that the other's
    router maps. `called`: it was asked to, because the other could not. `punched`: both dialled at
    the same moment, through both routers. `relayed`: a tracker passes on what they send each other.
    """

    DIRECT = "direct"
    MAPPED = "mapped"
    CALLED = "called"
    PUNCHED = "punched"
    RELAYED = "relayed"


def dialled(host: str, *, is_mapped: bool) -> Route:
    """Return the route between `host` and a client that one of them dialled by itself.

    `is_mapped`: the one that was dialled has a router map its port. It does so for IPv4 only, and
    not for those inside.
    """
    is_through_router = is_public(host) and not is_ipv6(host)
    return Route.MAPPED if is_mapped and is_through_router else Route.DIRECT


def met(*, asker_dialled: bool, target_dialled: bool) -> Route:
    """Return the route of a rendezvous, given which side dialled the connection."""
    if asker_dialled:
        return Route.PUNCHED if target_dialled else Route.DIRECT
    return Route.CALLED
