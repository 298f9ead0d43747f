"""Message stream encryption on a peer connection of an open group; see client.core.protocol.mse."""

from __future__ import annotations

import secrets
import socket

from client.core.protocol.mse import (
    MAX_PAD,
    PRIVATE_SIZE,
    AnsweredHandshake,
    DialledHandshake,
    FindTorrent,
    MseHandshake,
    Secrets,
    is_opening,
)
from client.net.transports.rc4_transport import Rc4Transport, UnmaskedTransport
from client.net.transports.transport import Deadline
from common.types import InfoHash

_MOST_AT_ONCE = 4096  # bytes


def dial(
    sock: socket.socket, info_hash: InfoHash, first: bytes, time_limit: float
) -> Rc4Transport | UnmaskedTransport:
    """Open encryption on a connection that we dialled, and send `first`, our own handshake.

    Raises WireError when the peer answers with something else, OSError when the connection fails.
    """
    while True:
        handshake = DialledHandshake(_random(), info_hash, first)
        opening = handshake.take()
        if is_opening(opening):  # else it would look like another protocol's
            break
    transport, _ = _shake(sock, handshake, opening, time_limit)
    return transport


def welcome(
    sock: socket.socket, find_torrent: FindTorrent, time_limit: float
) -> tuple[Rc4Transport | UnmaskedTransport, InfoHash]:
    """Answer a peer that opens encryption for one of our open torrents; raises as `dial` does."""
    return _shake(sock, AnsweredHandshake(_random(), find_torrent), b"", time_limit)


def _shake(
    sock: socket.socket, handshake: MseHandshake, opening: bytes, time_limit: float
) -> tuple[Rc4Transport | UnmaskedTransport, InfoHash]:
    deadline = Deadline(time_limit)
    answer = opening
    while True:
        deadline.apply(sock)
        if answer:
            sock.sendall(answer)
        if handshake.agreement is not None:
            break
        data = sock.recv(_MOST_AT_ONCE)
        if not data:
            raise ConnectionError("closed before its encryption handshake was complete")
        handshake.receive(data)
        answer = handshake.take()
    agreed = handshake.agreement
    if agreed.ciphers is None:
        return UnmaskedTransport(sock, agreed.early), agreed.info_hash
    return Rc4Transport(sock, agreed.ciphers, agreed.early), agreed.info_hash


def _random() -> Secrets:
    pads = (secrets.token_bytes(secrets.randbelow(MAX_PAD + 1)) for _ in range(2))
    return Secrets(secrets.token_bytes(PRIVATE_SIZE), *pads)
