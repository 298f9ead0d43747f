"""How a connection with a peer came about."""

from __future__ import annotations

from enum import StrEnum


class Route(StrEnum):
    """The routes, as `peers` shows them.

    `direct`: one side dialled the other by itself. `mapped`: the other one dialled, at a port that
    our router maps; it sees that as `direct`. `called`: it was asked to, because the other
    could not. `punched`: both dialled at the same moment, through both routers. `relayed`: a
    tracker passes on what they send each other.
    """

    DIRECT = "direct"
    MAPPED = "mapped"
    CALLED = "called"
    PUNCHED = "punched"
    RELAYED = "relayed"


def met(*, asker_dialled: bool, target_dialled: bool) -> Route:
    """Return the route of a rendezvous, by who has dialled the connection."""
    if asker_dialled:
        return Route.PUNCHED if target_dialled else Route.DIRECT
    return Route.CALLED
