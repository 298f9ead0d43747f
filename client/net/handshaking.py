"""The handshake on a fresh connection, both ways, within a time limit (BEP 3)."""

from __future__ import annotations

import socket
import time
from typing import Final

from common.types import InfoHash, PeerId
from common.wire.handshake import HANDSHAKE_LENGTH, Handshake
from common.wire.messages import WireError

TIME_LIMIT: Final = 10.0
"""Seconds that the other side has for its 68 bytes."""


def receive_handshake(sock: socket.socket, time_limit: float = TIME_LIMIT) -> Handshake:
    """Read the other side's handshake.

    Raises WireError when it is something else, OSError (TimeoutError among them) when it does
    not come.
    """
    deadline = time.monotonic() + time_limit
    data = b""
    while len(data) < HANDSHAKE_LENGTH:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("no handshake")
        sock.settimeout(remaining)
        more = sock.recv(HANDSHAKE_LENGTH - len(data))
        if not more:
            raise WireError("closed before its handshake")
        data += more
        # Whatever is no BitTorrent is let go at its first wrong byte, not after a time-out.
        Handshake.check_prefix(data)
    return Handshake.decode(data)


def shake_hands(sock: socket.socket, info_hash: InfoHash, peer_id: PeerId) -> Handshake:
    """Open the conversation on a connection that we dialled.

    Raises WireError when the other side answers for another torrent, OSError as above.
    """
    sock.settimeout(TIME_LIMIT)
    sock.sendall(Handshake(info_hash, peer_id).encode())
    theirs = receive_handshake(sock)
    if theirs.info_hash != info_hash:
        raise WireError("answered for another torrent")
    return theirs
