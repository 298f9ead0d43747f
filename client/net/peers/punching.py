"""Dials a peer from our own port until it answers or gets through to us (hole punching).

While both do so, each router sees an answer to a connection of its own side in what comes from the
other, and lets it in. See RFC 5128, 3.4; TCP makes one connection of both.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from client.net.transports.own_port import OwnAddress, dialing_socket
from common.types import Endpoint

RETRY: Final = 0.15
"""Seconds after a refusal until the next try: a router may have refused for the other side, which
had not dialled yet.
"""

_LOOK: Final = 0.05  # seconds between looks whether it is still wanted

_UNDER_WAY: Final = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK})


def punch(
    own: OwnAddress,
    endpoints: Sequence[Endpoint],
    until: float,
    is_wanted: Callable[[], bool],
) -> socket.socket | None:
    """Dial these endpoints of a peer `until` then (time.monotonic), while it is wanted.

    Returns the first connection, None if there is none.
    """
    dialling: dict[socket.socket, Endpoint] = {}
    next_try = dict.fromkeys(endpoints, 0.0)
    try:
        while (now := time.monotonic()) < until and is_wanted():
            for endpoint in [one for one, at in next_try.items() if at <= now]:
                next_try[endpoint] = now + RETRY
                if (begun := _begin(own, endpoint)) is not None:
                    dialling[begun] = endpoint
                    del next_try[endpoint]
            for sock in _ended(dialling):
                endpoint = dialling.pop(sock)
                if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    return sock
                sock.close()
                next_try[endpoint] = now + RETRY
        return None
    finally:
        for sock in dialling:
            sock.close()


def _begin(own: OwnAddress, endpoint: Endpoint) -> socket.socket | None:
    """Begin to dial; return None if that is impossible now."""
    with suppress(OSError):
        sock = dialing_socket(own, endpoint)
        sock.setblocking(False)
        if sock.connect_ex(endpoint) in _UNDER_WAY:
            return sock
        sock.close()
    return None


def _ended(dialling: dict[socket.socket, Endpoint]) -> list[socket.socket]:
    """Wait a moment; return those that are connected, or have failed."""
    poll = select.poll()
    by_number = {sock.fileno(): sock for sock in dialling}
    for number in by_number:
        poll.register(number, select.POLLOUT)
    return [by_number[number] for number, _ in poll.poll(_LOOK * 1000)]
