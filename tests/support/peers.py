"""Scripted peers that do exactly what a test says, including violations.

with RawPeer.dial(address, info_hash) as peer:
    peer.send(Interested())
    peer.until(Unchoke)

with PeerServer(lambda peer: serve(peer, content), info_hash) as server:
    ...  # peers that dial server.address get `content`
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self, TypeVar

from common.metainfo import Metainfo
from common.types import Block, Endpoint, InfoHash, PeerId, PieceIndex
from common.wire.codec import PIECE_NUMBER, decode, encode
from common.wire.handshake import HANDSHAKE_LENGTH, Handshake
from common.wire.messages import KeepAlive, Message, Request
from tests.support.closing import Closing
from tests.support.swarm.blocks import piece_header

SECONDS = 10.0
MessageT = TypeVar("MessageT")


class Piece:
    """A received block; not one of the product's messages, which never hold payload."""

    def __init__(self, payload: bytes) -> None:
        self.piece = int.from_bytes(payload[:4], "big")
        self.begin = int.from_bytes(payload[4:8], "big")
        self.data = payload[8:]

    def __repr__(self) -> str:
        return f"Piece({self.piece}, {self.begin}, {len(self.data)} bytes)"


def new_peer_id() -> PeerId:
    """Return a peer id unlike those of our client."""
    return PeerId(b"-XX0001-" + secrets.token_bytes(12))


class RawPeer(Closing):
    """One end of a peer connection; reads raise TimeoutError after some seconds."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sock.settimeout(SECONDS)
        self.handshake: Handshake | None = None

    @classmethod
    def dial(
        cls,
        address: Endpoint,
        info_hash: InfoHash,
        peer_id: PeerId | None = None,
        *,
        fast: bool = True,
        extended: bool = False,
        source: str | None = None,
    ) -> Self:
        """Connect and shake hands; raises ConnectionError if the other side refuses."""
        origin = (source, 0) if source else None
        peer = cls(socket.create_connection(address, SECONDS, origin))
        try:
            ours = Handshake(info_hash, peer_id or new_peer_id(), fast=fast, extended=extended)
            peer.shake(ours)
        except BaseException:
            peer.close()
            raise
        return peer

    def close(self) -> None:
        """Disconnect, waking a blocked reader."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def shake(self, ours: Handshake) -> Handshake:
        """Exchange handshakes; the other side's."""
        self.send_bytes(ours.encode())
        self.handshake = Handshake.decode(self.read_exactly(HANDSHAKE_LENGTH))
        return self.handshake

    # --- sending ----------------------------------------------------------------------------
    def send_bytes(self, data: bytes) -> None:
        """Send these bytes as they are."""
        self._sock.sendall(data)

    def send(self, *messages: Message) -> None:
        """Send messages in one go."""
        self.send_bytes(b"".join(map(encode, messages)))

    def send_block(self, piece: int, begin: int, data: bytes) -> None:
        """Answer a request, or send an unrequested block."""
        self.send_bytes(piece_header(Block(PieceIndex(piece), begin, len(data))) + data)

    # --- receiving --------------------------------------------------------------------------
    def read_exactly(self, count: int) -> bytes:
        """Return exactly so many bytes; raises ConnectionError if the stream ends before."""
        data = bytearray()
        while len(data) < count:
            more = self._sock.recv(count - len(data))
            if not more:
                raise ConnectionError("the other side has closed")
            data += more
        return bytes(data)

    def read(self) -> Message | Piece:
        """The next message."""
        length = int.from_bytes(self.read_exactly(4), "big")
        if length == 0:
            return KeepAlive()
        body = self.read_exactly(length)
        return Piece(body[1:]) if body[0] == PIECE_NUMBER else decode(body[0], body[1:])

    def until(self, kind: type[MessageT]) -> MessageT:
        """Return the next message of a kind, skipping others."""
        while True:
            message = self.read()
            if isinstance(message, kind):
                return message

    def is_closed(self) -> bool:
        """Return whether the other side closes within some seconds, skipping its data."""
        try:
            while self._sock.recv(1 << 16):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True


class PeerServer(Closing):
    """Accepts peers and runs `behave` for each, in a new thread.

    `peers` are the connections so far. What `behave` raises because the other side has closed,
    or because the server closes, ends that connection and nothing else.
    """

    def __init__(
        self,
        behave: Callable[[RawPeer], None],
        info_hash: InfoHash,
        peer_id: PeerId | None = None,
        *,
        fast: bool = True,
        extended: bool = False,
    ) -> None:
        self.peer_id = peer_id or new_peer_id()
        self.peers: list[RawPeer] = []
        self._ours = Handshake(info_hash, self.peer_id, fast=fast, extended=extended)
        self._behave = behave
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.address = Endpoint(*self._sock.getsockname())
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, name="raw acceptor")

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def close(self) -> None:
        """Disconnect all peers and stop listening; may be called again."""
        self._closing = True
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(SECONDS)
        self._sock.close()
        for peer in self.peers:
            peer.close()
        for thread in self._threads:
            thread.join(SECONDS)

    def _accept(self) -> None:
        while not self._closing:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            peer = RawPeer(sock)
            self.peers.append(peer)
            thread = threading.Thread(target=self._talk, args=(peer,), name="raw peer")
            self._threads.append(thread)
            thread.start()

    def _talk(self, peer: RawPeer) -> None:
        try:
            peer.shake(self._ours)
            self._behave(peer)
        except OSError:
            pass
        finally:
            peer.close()


def serve(
    peer: RawPeer,
    metainfo: Metainfo,
    content: bytes,
    spoil: Callable[[Request, bytes], bytes] = lambda _, data: data,
) -> None:
    """Answer requests from `content` until the connection ends.

    `spoil` may change each block. Use after saying which pieces are there and unchoking.
    """
    while True:
        message = peer.read()
        if isinstance(message, Request):
            start = message.piece * metainfo.piece_length + message.begin
            data = content[start : start + message.length]
            peer.send_block(message.piece, message.begin, spoil(message, data))
