"""Who is behind an IP address, for whoever counts what somebody takes."""

from __future__ import annotations

import ipaddress


def party_of(address: str) -> str:
    """What stands for all addresses that one party can take at will.

    An IPv4 address stands for itself, also where it comes mapped into IPv6; of IPv6 it is the
    network of 64 bits, named by its first address. Raises ValueError for what is no IP address.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(ip), 64), strict=False).network_address)
