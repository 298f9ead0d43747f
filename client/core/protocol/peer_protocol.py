"""The peer protocol of a torrent: what each message means (BEP 3, 6, 9 and 10).

Events of a peer's stream go in, actions come out. The client drives this object under the
torrent's lock; the simulation and the tests drive the same one. It checks every number that a
peer sends against the torrent's geometry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from client.core.protocol.extensions import Extensions
from client.core.protocol.peer_stream_decoder import (
    HavesReceived,
    MessageReceived,
    PieceReceived,
    RequestsReceived,
    StreamEvent,
)
from client.core.swarm.actions import Action, Send, Verify
from client.core.swarm.peer import IncomingStream, Peer, UploadQueue
from client.core.swarm.swarm import Swarm
from common.bitfield import Bitfield
from common.types import Block, BlockRun, PieceIndex
from common.wire.codec import MAX_REQUEST
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Choke,
    Extended,
    HaveAll,
    HaveNone,
    Interested,
    Message,
    NotInterested,
    Reject,
    Suggest,
    Unchoke,
    WireError,
)

MAX_WAITING_REQUESTS: Final = 2048
"""Requests that a peer may have waiting for our answer; announced as `reqq`."""

REFILL_AT: Final = 0.75
"""Refill when no more than this share of the window is in flight: requests go in bursts."""


class PeerProtocol:
    """The protocol with all peers of one torrent; `info` is its bencoded info dictionary."""

    def __init__(self, swarm: Swarm, info: bytes) -> None:
        self._swarm = swarm
        self._extensions = Extensions(info)

    # --- joining ----------------------------------------------------------------------------
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
        """Add a peer after the handshake; announces our pieces and introduces us (BEP 10)."""
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
        """Record that the peer is a member, so that it may be served."""
        peer = self._swarm.peers.get(key)
        if peer is None:
            return []
        return self._swarm.confirm(key) + self._extensions.answer_held(peer)

    # --- incoming messages ------------------------------------------------------------------
    def record_received(self, key: int, now: float, *, has_message: bool) -> bool:
        """Record that bytes arrived from a peer; returns False if it has left.

        `has_message`: they completed at least one message.
        """
        peer = self._swarm.peers.get(key)
        if peer is None:
            return False
        payload = peer.stream.payload - peer.down.total
        if has_message or payload or peer.stream.outstanding:
            peer.received_at = now  # a message that trickles in byte by byte doesn't count
        if payload:
            self._swarm.payload_received(peer, payload, now)
        return True

    def receive(self, key: int, event: StreamEvent) -> list[Action]:
        """Handle an event of a connected peer; raises WireError when it violates the protocol."""
        peer = self._swarm.peers[key]
        match event:
            case HavesReceived(pieces):  # by far the most frequent
                return self._take_haves(peer, pieces)
            case MessageReceived(message):
                return self._take(peer, message)
            case RequestsReceived(runs):
                return self._take_requests(peer, runs)
            case PieceReceived(download):
                is_new = self._swarm.piece_received(peer, download)
                return [Verify(key, download)] if is_new else []
        self._swarm.piece_dropped(peer, event.download)
        return []

    def _take(self, peer: Peer, message: Message) -> list[Action]:
        match message:
            case Choke():
                self._swarm.choked(peer)
            case Unchoke():
                peer.peer_choking = False
            case Interested() | NotInterested():
                peer.peer_interested = isinstance(message, Interested)
                peer.presumed_interested = False
                if peer.am_choking is peer.peer_interested:  # it may get a slot, or has left one
                    return self._swarm.fill_slots()
            case Suggest(piece):
                self._take_suggestion(peer, piece)
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
                pass  # a keep-alive or an ignored message; requests arrive as events of their own
        return []

    def _take_haves(self, peer: Peer, pieces: Sequence[int]) -> list[Action]:
        last = max(pieces)
        if last >= peer.has.size:
            raise WireError(f"a have of piece {last}, which does not exist")
        return self._swarm.learn_pieces(peer, pieces)

    def _take_suggestion(self, peer: Peer, piece: int) -> None:
        if not 0 <= piece < self._swarm.geometry.piece_count:
            raise WireError(f"a suggestion of piece {piece}, which does not exist")
        self._swarm.suggested(peer, piece)

    def _take_pieces(
        self, peer: Peer, message: BitfieldMessage | HaveAll | HaveNone
    ) -> list[Action]:
        """Handle the peer's pieces; aria2 also sends later bitfields to sum up its haves.

        Messages that can't add anything cost nothing.
        """
        if peer.announced_pieces and (peer.has.complete or isinstance(message, HaveNone)):
            return []
        pieces = self._decode_pieces(message)
        if pieces.complete and not peer.announced_pieces:
            return self._swarm.learn_all(peer, pieces)
        return self._swarm.learn_pieces(peer, pieces)

    def _decode_pieces(self, message: BitfieldMessage | HaveAll | HaveNone) -> Bitfield:
        count = self._swarm.geometry.piece_count
        if isinstance(message, HaveAll):
            return Bitfield.full(count)
        if isinstance(message, HaveNone):
            return Bitfield(count)
        try:
            return Bitfield.from_bytes(message.bits, count)
        except ValueError as error:
            raise WireError(f"a bitfield that does not fit: {error}") from error

    # --- uploading --------------------------------------------------------------------------
    def _take_requests(self, peer: Peer, runs: Sequence[BlockRun]) -> list[Action]:
        """Queue the requests that we may answer, and reject the others (BEP 6).

        Without BEP 6, the others are dropped: they crossed our choke on the way.
        """
        accepted: list[BlockRun] = []
        actions: list[Action] = []
        for run in runs:
            # A run of zero bytes is one request, and outside as well.
            if not self._swarm.geometry.contains(run.piece, run.begin, run.length):
                raise WireError(f"a request outside the torrent: {run}")
            if run.size > MAX_REQUEST:
                raise WireError(f"a request of {run.size} bytes")
            if not peer.am_choking and self._swarm.have[run.piece]:
                accepted.append(run)
            elif peer.fast:
                actions += [Send(peer.key, Reject(*block)) for block in run.blocks()]
        if accepted:
            waiting = peer.uploads.send_blocks(accepted)
            if waiting > MAX_WAITING_REQUESTS:
                raise WireError(f"{waiting} requests at once")
            actions += self._swarm.requested(peer, accepted)
        return actions

    def _take_cancel(self, peer: Peer, cancel: Cancel) -> list[Action]:
        """Drop a request that is still waiting; BEP 6 wants a reject even so."""
        block = Block(PieceIndex(cancel.piece), cancel.begin, cancel.length)
        if not (peer.uploads.withdraw_block(block) and peer.fast):
            return []
        return [Send(peer.key, Reject(*block))]

    # --- requesting -------------------------------------------------------------------------
    def window(self, key: int, now: float) -> int:
        """Return how many requests to keep in flight to a peer, 0 while it is of no use."""
        peer = self._swarm.peers.get(key)
        return self._window(peer, now) if peer is not None else 0

    def _window(self, peer: Peer, now: float) -> int:
        if peer.peer_choking or not peer.wanted:
            return 0
        return peer.window(self._swarm.config, now)

    def needs_requests(self, key: int, now: float) -> bool:
        """Return whether so few requests are in flight to a peer that it should get more."""
        peer = self._swarm.peers.get(key)
        if peer is None:
            return False
        window = self._window(peer, now)
        return window > 0 and peer.stream.outstanding <= window * REFILL_AT

    def request(self, key: int, now: float, limit: int | None = None) -> list[BlockRun]:
        """Choose up to `limit` blocks to request from a peer, and expect them."""
        peer = self._swarm.peers.get(key)
        if peer is None:
            return []
        assignments = self._swarm.assign(key, peer.stream.outstanding, now, limit)
        for assignment in assignments:
            peer.stream.expect(assignment.download, assignment.numbers)
        return [run for one in assignments for run in one.download.runs(one.numbers)]
