"""Two ends of a connection."""

from __future__ import annotations

import socket


def connected() -> tuple[socket.socket, socket.socket]:
    """Return the dialling and the listening end of a TCP connection on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    return ours, theirs
