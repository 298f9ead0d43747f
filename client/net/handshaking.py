"""The handshake on a fresh connection, both ways, within a time limit (BEP 3)."""

from __future__ import annotations

from typing import Final

from client.net.transport import Transport
from common.types import InfoHash, PeerId
from common.wire.handshake import HANDSHAKE_LENGTH, Handshake
from common.wire.messages import WireError

TIME_LIMIT: Final = 10.0
"""Seconds that the other side has for its 68 bytes, and for those of TLS before them."""


class HungUpError(WireError):
    """The other side closed the connection before its handshake was complete."""


class OtherTorrentError(WireError):
    """The other side answered for another torrent than it was asked for."""


def receive_handshake(transport: Transport, time_limit: float = TIME_LIMIT) -> Handshake:
    """Read the other side's handshake.

    Raises WireError when it is something else, OSError (TimeoutError among them) when it does
    not come.
    """
    transport.set_time_limit(time_limit)
    space = memoryview(bytearray(HANDSHAKE_LENGTH))
    filled = 0
    while filled < HANDSHAKE_LENGTH:
        count = transport.receive([space[filled:]])
        if not count:
            raise HungUpError("closed before its handshake")
        filled += count
        # Whatever is no BitTorrent is let go at its first wrong byte, not after a time-out.
        Handshake.check_prefix(bytes(space[:filled]))
    return Handshake.decode(bytes(space))


def shake_hands(
    transport: Transport, info_hash: InfoHash, peer_id: PeerId, time_limit: float = TIME_LIMIT
) -> Handshake:
    """Open the conversation on a connection that we dialled, within so many seconds.

    Raises WireError when the other side answers for another torrent, OSError as above.
    """
    transport.set_time_limit(time_limit)
    transport.send([Handshake(info_hash, peer_id).encode()])
    theirs = receive_handshake(transport, time_limit)
    if theirs.info_hash != info_hash:
        raise OtherTorrentError("answered for another torrent")
    return theirs
