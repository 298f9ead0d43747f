"""Connections through a tracker's relay, to a peer that comes there, too."""

from __future__ import annotations

import socket
from typing import Final

from client.net.transports.transport import Deadline
from common.types import Endpoint
from common.wire.messages import WireError
from common.wire.relay import JOINED, encode_request

TIME_LIMIT: Final = 8.0
"""Seconds for the relay to answer, and for the other side to come."""


def join(relay: Endpoint, source_host: str | None, ticket: str) -> socket.socket:
    """Return a connection whose other end is the peer's. Raises OSError or WireError."""
    deadline = Deadline(TIME_LIMIT)
    origin = None if source_host is None else (source_host, 0)
    sock = socket.create_connection(relay, deadline.left, origin)
    try:
        sock.sendall(encode_request(ticket))
        answer = b""
        while len(answer) < len(JOINED):
            deadline.apply(sock)
            more = sock.recv(len(JOINED) - len(answer))
            if not more:
                raise ConnectionResetError("the relay has no place")
            answer += more
        if answer != JOINED:
            raise WireError("not a relay")
    except BaseException:
        sock.close()
        raise
    return sock
