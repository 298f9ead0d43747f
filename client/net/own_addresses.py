"""The addresses of this machine."""

from __future__ import annotations

import socket
from typing import Final

from common.addresses import only_local

_ELSEWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses in no network, which are reached like any in the internet (RFC 5737, RFC 3849)."""

_ANY_PORT: Final = 9


def local_hosts(listen: str | None = None) -> list[str]:
    """Return the private addresses from which this machine reaches others: at most one of each
    family.

    If it accepts peers only at `listen`, no others count.
    """
    if listen is not None:
        return only_local([listen])
    found = []
    for family, host in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((host, _ANY_PORT))  # chooses a route, and sends nothing
                found.append(str(probe.getsockname()[0]))
        except OSError:  # no such network here
            continue
    return only_local(found)
