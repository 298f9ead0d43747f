"""Whom a connection is put down to: what nobody can choose for himself.

A peer id is a name that a peer gives itself, so it decides nothing that would harm its bearer.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final, TypeAlias

_ONE_LINE: Final = 64
"""Bits of an IPv6 address that a household is given as one; it chooses the others freely."""


@dataclass(frozen=True, slots=True)
class Login:
    """A member of a sealed group (`authority`, PEM) at one login, as its certificate proves."""

    authority: str
    user: str
    holder: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a connection of an open group leads (see `network`).

    `user` is the member whom the tracker names at the endpoint that we dialled; None when the
    other side dialled us: then the address is all that is certain.
    """

    network: str
    user: str | None = None


Party: TypeAlias = Login | Address


def network(host: str) -> str:
    """What counts as one address: an IPv4 address, the first 64 bits of an IPv6 address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _ONE_LINE), strict=False))
