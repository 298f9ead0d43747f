"""In which order a peer's addresses are tried (RFC 8305, RFC 6724)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from common.addresses import is_ipv6, is_local
from common.types import Endpoint

MOST: Final = 6
"""Addresses of one peer that are tried."""


def in_order(main: Endpoint, others: Sequence[Endpoint], ours: Sequence[str]) -> list[Endpoint]:
    """Return a peer's addresses, each once, the most promising first; `main` is always among them.

    Those inside our network come first, the more they have in common with one of `ours`, our own
    addresses there, the sooner: the tracker names them only to those who share a public address.
    Then comes IPv6, which no router translates, and IPv4 at last.
    """
    found = list(dict.fromkeys((main, *others)))
    found.sort(key=lambda endpoint: _rank(endpoint.host, ours))
    chosen = found[:MOST]
    return chosen if main in chosen else [*chosen[:-1], main]


def _rank(host: str, ours: Sequence[str]) -> tuple[int, int]:
    if is_local(host):
        return 0, -max((_common_bits(host, one) for one in ours), default=0)
    return (1 if is_ipv6(host) else 2), 0


def _common_bits(one: str, other: str) -> int:
    """Return how many bits two addresses have in common at their beginning."""
    first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    if first.version != second.version:
        return 0
    return first.max_prefixlen - (int(first) ^ int(second)).bit_length()
