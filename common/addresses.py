"""What kind of IP address one is, which decides who may be told of it."""

from __future__ import annotations

import ipaddress
from typing import Final

MAX_LOCAL: Final = 4
"""Most addresses inside its own network that a client can name."""

_PRIVATE: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)


def is_local(host: str) -> bool:
    """Whether this is an address for use inside one household or office (RFC 1918, RFC 4193).

    Anything else is not, also what is no IP address.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in _PRIVATE)


def is_public(host: str) -> bool:
    """Whether this is the address of one machine that the whole internet can reach."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast


def is_ipv6(host: str) -> bool:
    """Whether a valid IP address belongs to IPv6 rather than IPv4."""
    return ":" in host


def only_local(hosts: list[str]) -> list[str]:
    """Return the local ones among addresses, in a uniform spelling, each once."""
    return list(dict.fromkeys(str(ipaddress.ip_address(one)) for one in hosts if is_local(one)))
