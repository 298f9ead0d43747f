"""Who is responsible for a connection: an identity that a peer can't choose for itself.

A peer id is self-chosen, so nothing that could harm the real owner of an id depends on it.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final, TypeAlias

_HOUSEHOLD_PREFIX: Final = 64
"""Prefix length that one household gets in IPv6; it chooses the remaining bits freely."""


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
    """Return what counts as one address: an IPv4 address, or an IPv6 /64 prefix."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _HOUSEHOLD_PREFIX), strict=False))
