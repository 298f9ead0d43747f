"""What tests ask about plain sockets."""

from __future__ import annotations

import socket


def is_closed(sock: socket.socket) -> bool:
    """Return whether the other side closes the connection, instead of sending something."""
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True
