"""Who is responsible for a connection: an identity that a peer can't choose for itself.

A peer id is self-chosen, so nothing that could harm the real owner of an id depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from common.party import party_of


@dataclass(frozen=True, slots=True)
class Login:
    """A sealed group's member (`authority`, PEM) at one login, proven by its certificate."""

    authority: str
    user: str
    holder: str


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a connection in an open group (see `network`).

    `user` is the member that the tracker lists at the endpoint we dialled; None for incoming
    connections, where only the address is certain.
    """

    network: str
    user: str | None = None


Party: TypeAlias = Login | Address


def network(host: str) -> str:
    """Return what counts as one address: an IPv4 address, or all of an IPv6 /64 network.

    A host name counts as itself.
    """
    try:
        return party_of(host.partition("%")[0])
    except ValueError:
        return host
