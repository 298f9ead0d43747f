"""Which party an IP address belongs to, for per-party limits."""

from __future__ import annotations

import ipaddress


def party_of(address: str) -> str:
    """Return one identifier for all addresses that one party can use at will.

    An IPv4 address identifies itself, including when mapped into IPv6; an IPv6 address is
    identified by its /64 network, named by the network's first address. Raises ValueError for
    anything that is not an IP address.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(ip), 64), strict=False).network_address)
