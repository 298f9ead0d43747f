"""Addresses of the other end of a connection."""

from __future__ import annotations

import ipaddress


def plain_address(text: str) -> str:
    """An IP address as other members can use it: IPv4 as such also on an IPv6 socket."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
