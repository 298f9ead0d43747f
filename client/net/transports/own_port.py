"""Sockets that dial from the port where this client accepts peers.

A router that lets the answers to them in does so at the port where others then reach this client.
"""

from __future__ import annotations

import socket
from typing import Final, NamedTuple

from common.types import Endpoint

_CAN_SHARE: Final = hasattr(socket, "SO_REUSEPORT")


class OwnAddress(NamedTuple):
    """Where this client accepts peers: `host` is None for all its addresses."""

    host: str | None
    port: int


def share(listener: socket.socket) -> None:
    """Let `dialing_socket` use the port of this listening socket.

    Only after it was bound: so another program that listens there is still noticed.
    """
    if _CAN_SHARE:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def dialing_socket(own: OwnAddress, target: Endpoint) -> socket.socket:
    """Return a socket to dial `target` from our own port. Raises OSError."""
    if not _CAN_SHARE:
        raise OSError("this system can't dial from a port that it listens on")
    family = socket.AF_INET6 if ":" in target.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((own.host or ("::" if family == socket.AF_INET6 else "0.0.0.0"), own.port))
    except OSError:
        sock.close()
        raise
    return sock
