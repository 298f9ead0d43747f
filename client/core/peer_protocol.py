"""What the peers of a torrent say, and what follows from it (BEP 3, 6, 9 and 10).

Events of a peer's stream go in, actions come out. The engine, the simulation and the tests drive
this one object, under the torrent's lock. Every number that a peer sends is checked here against
the torrent's geometry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from client.core.actions import Action, Send, Verify
from client.core.extensions import Extensions
from client.core.peer import IncomingStream, Peer, UploadQueue
from client.core.receiver import (
    Event,
    PieceReceived,
    Received,
    RequestsReceived,
)
from client.core.swarm import Swarm
from common.bitfield import Bitfield
from common.types import Block, PieceIndex
from common.wire.codec import MAX_REQUEST
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Choke,
    Extended,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    Message,
    NotInterested,
    Reject,
    Request,
    Unchoke,
    WireError,
)

MAX_WAITING_REQUESTS: Final = 2048
"""Requests that a peer may have waiting for our answer; we announce this number (`reqq`)."""

REFILL_AT: Final = 0.75
"""A peer is asked for more when so much of its window is left or less: requests go in bursts."""


class PeerProtocol:
    """The conversation with all peers of one torrent; `info` is its info dictionary, bencoded."""

    def __init__(self, swarm: Swarm, info: bytes) -> None:
        self._swarm = swarm
        self._extensions = Extensions(info)

    # --- peers come and go ------------------------------------------------------------------
    def join(
        self,
        key: int,
        stream: IncomingStream,
        uploads: UploadQueue,
        *,
        fast: bool,
        now: float,
        introduction: Extended | None = None,
    ) -> list[Action]:
        """A peer has shaken hands: say what we have, and introduce ourselves (BEP 10)."""
        swarm = self._swarm
        peer = Peer(key, swarm.geometry.piece_count, stream, uploads, fast=fast, now=now)
        swarm.join(peer)
        said = [self._pieces_we_have(fast=fast), introduction]
        return [Send(key, message) for message in said if message is not None]

    def _pieces_we_have(self, *, fast: bool) -> Message | None:
        have = self._swarm.have
        if fast and have.complete:
            return HaveAll()
        if have.count:
            return BitfieldMessage(have.to_bytes())
        return HaveNone() if fast else None

    def confirm(self, key: int) -> list[Action]:
        """The peer is known to be a member: it may be served."""
        peer = self._swarm.peers.get(key)
        if peer is None or peer.confirmed:
            return []
        return self._swarm.confirm(key) + self._extensions.confirmed(peer)

    # --- what they say ----------------------------------------------------------------------
    def heard(self, key: int, now: float, *, whole: bool) -> bool:
        """Bytes came from a peer, with `whole` also a whole message; False when it has left."""
        peer = self._swarm.peers.get(key)
        if peer is None:
            return False
        payload = peer.stream.payload - peer.down.total
        if whole or payload or peer.stream.outstanding:
            peer.heard_at = now  # a message that comes byte by byte is none
        if payload:
            self._swarm.progressed(peer, payload, now)
        return True

    def receive(self, key: int, event: Event) -> list[Action]:
        """Take in what a connected peer said; raises WireError when it breaks the rules."""
        peer = self._swarm.peers[key]
        match event:
            case Received(message):
                return self._take(peer, message)
            case RequestsReceived(requests):
                return self._take_requests(peer, requests)
            case PieceReceived(download):
                is_new = self._swarm.piece_received(peer, download)
                return [Verify(key, download)] if is_new else []
        return self._swarm.piece_dropped(peer, event.download)

    def _take(self, peer: Peer, message: Message) -> list[Action]:
        match message:
            case Choke():
                self._swarm.choked(peer)
            case Unchoke():
                peer.peer_choking = False
            case Interested():
                peer.peer_interested = True
                return self._swarm.unchoke_if_room(peer)
            case NotInterested():
                peer.peer_interested = False
            case Have(piece):
                return self._take_have(peer, piece)
            case BitfieldMessage() | HaveAll() | HaveNone():
                return self._take_pieces(peer, message)
            case Reject(piece, begin):
                download = peer.stream.withdraw(piece, begin)
                return self._swarm.rejected(peer, download) if download is not None else []
            case Cancel():
                return self._take_cancel(peer, message)
            case Extended():
                return self._extensions.receive(peer, message)
            case _:
                pass
        return []

    def _take_have(self, peer: Peer, piece: int) -> list[Action]:
        if not 0 <= piece < self._swarm.geometry.piece_count:
            raise WireError(f"a have of piece {piece}, which does not exist")
        return self._swarm.told_pieces(peer, [] if peer.has[piece] else [piece])

    def _take_pieces(
        self, peer: Peer, message: BitfieldMessage | HaveAll | HaveNone
    ) -> list[Action]:
        """The first word on what a peer has; aria2 sums up its haves in later bitfields too.

        Those that can add nothing cost nothing.
        """
        if peer.told_pieces and (peer.has.complete or isinstance(message, HaveNone)):
            return []
        told = self._read_pieces(message)
        if told.complete and not peer.told_pieces:
            return self._swarm.told_all(peer, told)
        return self._swarm.told_pieces(peer, [piece for piece in told if not peer.has[piece]])

    def _read_pieces(self, message: BitfieldMessage | HaveAll | HaveNone) -> Bitfield:
        count = self._swarm.geometry.piece_count
        if isinstance(message, HaveAll):
            return Bitfield.full(count)
        if isinstance(message, HaveNone):
            return Bitfield(count)
        try:
            return Bitfield.from_bytes(message.bits, count)
        except ValueError as error:
            raise WireError(f"a bitfield that does not fit: {error}") from error

    # --- what they ask for ------------------------------------------------------------------
    def _take_requests(self, peer: Peer, requests: Sequence[Request]) -> list[Action]:
        """Answer what we may. A request that crossed our choke on the way is dropped."""
        accepted: list[Block] = []
        actions: list[Action] = []
        for request in requests:
            piece, begin, length = request.piece, request.begin, request.length
            if not self._swarm.geometry.contains(piece, begin, length):
                raise WireError(f"a request outside the torrent: {request}")
            if length > MAX_REQUEST:
                raise WireError(f"a request of {length} bytes")
            if not peer.am_choking and self._swarm.have[piece]:
                accepted.append(Block(PieceIndex(piece), begin, length))
            elif peer.fast:
                actions.append(Send(peer.key, Reject(piece, begin, length)))
        if accepted:
            waiting = peer.uploads.send_blocks(accepted)
            if waiting > MAX_WAITING_REQUESTS:
                raise WireError(f"{waiting} requests at once")
        return actions

    def _take_cancel(self, peer: Peer, cancel: Cancel) -> list[Action]:
        """A request that still waited is not answered; BEP 6 wants a word all the same."""
        block = Block(PieceIndex(cancel.piece), cancel.begin, cancel.length)
        if not (peer.uploads.withdraw_block(block) and peer.fast):
            return []
        return [Send(peer.key, Reject(*block))]

    # --- what we ask for --------------------------------------------------------------------
    def window(self, key: int, now: float) -> int:
        """How many requests to keep out to a peer; none while it is of no use."""
        peer = self._swarm.peers.get(key)
        if peer is None or peer.peer_choking or not peer.wanted:
            return 0
        return peer.window(self._swarm.limits, now)

    def has_room(self, key: int, now: float) -> bool:
        """Whether a peer has so little left to answer that it is asked for more."""
        peer, window = self._swarm.peers.get(key), self.window(key, now)
        return peer is not None and window > 0 and peer.stream.outstanding <= window * REFILL_AT

    def request(self, key: int, now: float, most: int | None = None) -> list[Block]:
        """Choose blocks to request from a peer, at most so many, and expect them."""
        peer = self._swarm.peers.get(key)
        if peer is None:
            return []
        assignments = self._swarm.assign(key, peer.stream.outstanding, now, most)
        for assignment in assignments:
            peer.stream.expect(assignment.download, assignment.numbers)
        return [a.download.block(number) for a in assignments for number in a.numbers]
