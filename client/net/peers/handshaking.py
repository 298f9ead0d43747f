"""The handshake on a new connection, in both directions, within a time limit (BEP 3)."""

from __future__ import annotations

from typing import Final

from client.net.transports.transport import Transport
from common.types import InfoHash, PeerId
from common.wire.handshake import HANDSHAKE_LENGTH, Handshake
from common.wire.messages import WireError

TIME_LIMIT: Final = 10.0
"""Seconds for the peer to send its 68 bytes, including a TLS handshake before them."""


class HungUpError(WireError):
    """The peer closed the connection before its handshake was complete.

    `has_spoken`: it had begun one.
    """

    def __init__(self, reason: str, *, has_spoken: bool) -> None:
        super().__init__(reason)
        self.has_spoken = has_spoken


class OtherTorrentError(WireError):
    """The peer answered for another torrent than the one we asked for."""


class OtherClientError(WireError):
    """Another client answered than the one that we looked for."""


def receive_handshake(transport: Transport, time_limit: float = TIME_LIMIT) -> Handshake:
    """Read the peer's handshake.

    Raises WireError when it is something else, OSError (TimeoutError among them) when it doesn't
    arrive.
    """
    transport.set_time_limit(time_limit)
    space = memoryview(bytearray(HANDSHAKE_LENGTH))
    filled = 0
    while filled < HANDSHAKE_LENGTH:
        count = transport.receive([space[filled:]])
        if not count:
            raise HungUpError("closed before its handshake", has_spoken=filled > 0)
        filled += count
        # Close on the first byte that isn't BitTorrent, without waiting for the time limit.
        Handshake.check_prefix(bytes(space[:filled]))
    return Handshake.decode(bytes(space))


def shake_hands(
    transport: Transport, info_hash: InfoHash, peer_id: PeerId, time_limit: float = TIME_LIMIT
) -> Handshake:
    """Exchange handshakes on a connection that we dialled, within so many seconds.

    Raises WireError when the peer answers for another torrent, OSError as above.
    """
    transport.set_time_limit(time_limit)
    transport.send([Handshake(info_hash, peer_id).encode()])
    return receive_answer(transport, info_hash, time_limit)


def receive_answer(transport: Transport, info_hash: InfoHash, time_limit: float) -> Handshake:
    """Read the peer's answer to our handshake; raises as `shake_hands` does."""
    theirs = receive_handshake(transport, time_limit)
    if theirs.info_hash != info_hash:
        raise OtherTorrentError("answered for another torrent")
    return theirs
