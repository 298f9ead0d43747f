"""One torrent's peers and pieces: who gets what next.

Everything here is called under the torrent's lock and returns at once. Message numbers are
checked here, against the torrent's geometry; a peer that breaks the rules raises WireError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from client.core.actions import Action, Assignment, Ban, Close, Send
from client.core.choker import Candidate, Choker
from client.core.evidence import Evidence
from client.core.extensions import Extensions
from client.core.fetch import Buffers, Fetch
from client.core.goal import Goal
from client.core.limits import Limits
from client.core.peer import Peer
from client.core.piece_download import PieceDownload
from common.bitfield import Bitfield
from common.geometry import Geometry
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
    KeepAlive,
    Message,
    NotInterested,
    Reject,
    Request,
    Unchoke,
    WireError,
)

if TYPE_CHECKING:
    from random import Random


class Swarm:
    """The state of one torrent among its peers; `info` is its info dictionary, bencoded."""

    def __init__(
        self,
        geometry: Geometry,
        info: bytes,
        have: Bitfield,
        buffers: Buffers[Any],
        rng: Random,
        now: float,
        limits: Limits | None = None,
        goal: Goal | None = None,
    ) -> None:
        self.geometry = geometry
        self.have = have
        self.goal = goal or Goal.all_of(geometry)
        self.done = self.goal.done(have)
        """Verified bytes of what is wanted."""
        self._lacking = sum(1 for _ in self.goal.lacking(have))  # wanted pieces
        self.peers: dict[int, Peer] = {}
        self.limits = limits or Limits()
        self._fetch = Fetch(geometry, have, self.goal, self.peers, buffers, rng, self.limits)
        self._evidence = Evidence()
        self._choker = Choker(self.limits, rng, now)
        self.extensions = Extensions(info)
        self._keep_alive_at = now + self.limits.keep_alive_every

    def __repr__(self) -> str:
        return f"Swarm(have {self.have!r}, {len(self.peers)} peers, {self._fetch!r})"

    @property
    def complete(self) -> bool:
        """Whether every wanted piece is here, verified."""
        return not self._lacking

    @property
    def verified_bytes(self) -> int:
        """How much is here, verified, wanted or not."""
        return self.geometry.bytes_in(self.have)

    # --- coming and going -------------------------------------------------------------------
    def join(self, key: int, *, fast: bool, now: float) -> list[Action]:
        """A peer has shaken hands; tells it what we have."""
        self.peers[key] = Peer(key, self.geometry.piece_count, fast=fast, now=now)
        if fast and self.have.complete:
            return [Send(key, HaveAll())]
        if fast and not self.have.count:
            return [Send(key, HaveNone())]
        if self.have.count:
            return [Send(key, BitfieldMessage(self.have.to_bytes()))]
        return []

    def leave(self, key: int) -> None:
        """A peer's connection has ended, and its reader with it."""
        peer = self.peers.pop(key, None)
        if peer is None:
            return
        if not peer.has_all:
            self._fetch.picker.count(peer.has, -1)
        self._fetch.left(peer)

    def close(self) -> None:
        """Give back every buffer; every peer must have left."""
        self._fetch.close()

    def confirm(self, key: int) -> list[Action]:
        """The peer is known to be a member: it may be served."""
        peer = self.peers.get(key)
        if peer is None or peer.confirmed:
            return []
        peer.confirmed = True
        return self._unchoke_if_room(peer) + self.extensions.confirmed(peer)

    # --- messages ---------------------------------------------------------------------------
    def receive(self, key: int, message: Message) -> list[Action]:
        """A message came from a peer. Requests, cancels and rejects have ways of their own."""
        peer = self.peers[key]
        match message:
            case Choke():
                peer.peer_choking = True
                self._fetch.hand_on(peer)
            case Unchoke():
                peer.peer_choking = False
            case Interested():
                peer.peer_interested = True
                return self._unchoke_if_room(peer)
            case NotInterested():
                peer.peer_interested = False
            case Have(piece):
                return self._take_have(peer, piece)
            case BitfieldMessage() | HaveAll() | HaveNone():
                return self._take_pieces(peer, message)
            case Extended():
                return self.extensions.receive(peer, message)
            case _:
                pass
        return []

    def requested(self, key: int, requests: Sequence[Request]) -> tuple[list[Block], list[Action]]:
        """Judge a run of requests: the blocks to send, and what to tell the peer otherwise.

        A request from a peer that we choke is dropped: it crossed our choke on the way.
        """
        peer = self.peers[key]
        accepted: list[Block] = []
        actions: list[Action] = []
        for request in requests:
            piece, begin, length = request.piece, request.begin, request.length
            if not self.geometry.contains(piece, begin, length):
                raise WireError(f"a request outside the torrent: {request}")
            if length > MAX_REQUEST:
                raise WireError(f"a request of {length} bytes")
            if not peer.am_choking and self.have[piece]:
                accepted.append(Block(PieceIndex(piece), begin, length))
            elif peer.fast:
                actions.append(Send(key, Reject(piece, begin, length)))
        return accepted, actions

    def withdrawn(self, key: int, cancel: Cancel) -> list[Action]:
        """A peer cancelled a request that was still waiting; BEP 6 wants an answer all the same."""
        if not self.peers[key].fast:
            return []
        return [Send(key, Reject(cancel.piece, cancel.begin, cancel.length))]

    # --- fetching ---------------------------------------------------------------------------
    def assign(
        self, key: int, outstanding: int, now: float, most: int | None = None
    ) -> list[Assignment]:
        """Work for a peer that has `outstanding` requests to answer; empty when there is none.

        Who is not known to be a member gets none: what it sent would have to be checked first.
        """
        peer = self.peers.get(key)
        if peer is None or not peer.confirmed:
            return []
        return self._fetch.assign(peer, outstanding, now, most)

    def progressed(self, key: int, now: float) -> None:
        """The peer sent block bytes."""
        peer = self.peers[key]
        peer.block_at = now
        self._fetch.forgive(peer)
        self._fetch.hand_on(peer)

    def rejected(self, key: int, download: PieceDownload) -> list[Action]:
        """The peer will not send a block that was requested (BEP 6).

        While it chokes us that is the rule. Otherwise it doesn't have what it said it has.
        """
        peer = self.peers[key]
        piece = download.index
        if download.cancelled:
            if not download.outstanding:
                self._fetch.dropped(peer, download)
            return []
        if not peer.peer_choking and peer.has[piece]:
            if peer.has_all:  # from now on its pieces count one by one
                peer.has_all = False
                self._fetch.picker.count(peer.has, 1)
            peer.has.discard(piece)
            self._fetch.picker.count([piece], -1)
            peer.wanted -= 1
        self._fetch.hand_on(peer)
        return self._show_interest(peer)

    def choked(self, key: int) -> None:
        """Nothing that was requested from the peer will come (a choke without BEP 6)."""
        self._fetch.choked(self.peers[key])

    def piece_received(self, key: int, download: PieceDownload) -> bool:
        """The last block of a piece came from this peer; True when it is to be verified now."""
        return self._fetch.received(self.peers[key], download)

    def piece_dropped(self, key: int, download: PieceDownload) -> None:
        """The peer's reader has let go of a cancelled piece."""
        self._fetch.dropped(self.peers[key], download)

    def verified(self, download: PieceDownload) -> list[Action]:
        """A piece is right and on the disk: tell everybody, and call off who else fetches it."""
        piece = download.index
        liars = set() if self.have[piece] else self._evidence.judge(download)
        if not self._fetch.verified(download):
            return []
        self._lacking -= 1
        self.done += self.goal.size_of(piece)
        actions: list[Action] = [Ban(key, "sent a block of a wrong piece") for key in liars]
        for peer in self.peers.values():
            actions.append(Send(peer.key, Have(piece)))
            called_off = self._fetch.call_off(peer, piece)
            if called_off is not None:
                actions += [Send(peer.key, Cancel(*block)) for block in called_off.requested()]
            if peer.has[piece]:
                peer.wanted -= 1
                actions += self._show_interest(peer)
        if self.complete:
            for peer in self.peers.values():
                actions += self._part_if_both_complete(peer)
        return actions

    def failed(self, download: PieceDownload) -> list[Action]:
        """A piece has the wrong hash. Whoever sent all of it is banned.

        Who of several was wrong shows when the piece has come right, from one peer.
        """
        sources = download.sources
        if len(sources) > 1:
            self._evidence.keep(download)
        self._fetch.failed(download)
        if len(sources) > 1:
            return []
        return [Ban(key, "sent a piece with the wrong hash") for key in sources]

    # --- the clock --------------------------------------------------------------------------
    def tick(self, now: float) -> list[Action]:
        """To be called a few times a second: rates, choking, timeouts, keep-alives."""
        actions: list[Action] = []
        for peer in self.peers.values():
            peer.down.update(now)
            peer.up.update(now)
            actions += self._check_time(peer, now)
        if self._choker.due(now):
            actions += self._rechoke(now)
        if now >= self._keep_alive_at:
            self._keep_alive_at = now + self.limits.keep_alive_every
            actions += [Send(key, KeepAlive()) for key in self.peers]
        return actions

    def _check_time(self, peer: Peer, now: float) -> list[Action]:
        if now - peer.heard_at > self.limits.silence:
            return [Close(peer.key, "said nothing for too long")]
        if not peer.owes:
            return []
        waiting = now - peer.block_at
        if waiting > self.limits.hopeless_after:
            return [Close(peer.key, "did not send what was requested")]
        if waiting > self.limits.snubbed_after and not peer.snubbed:
            self._fetch.snub(peer)
        return []

    # --- choking ----------------------------------------------------------------------------
    def _rechoke(self, now: float) -> list[Action]:
        candidates = [self._candidate(peer) for peer in self.peers.values()]
        chosen = self._choker.choose(candidates, now)
        actions: list[Action] = []
        for peer in self.peers.values():
            peer.optimistic = peer.key == self._choker.optimistic
            if peer.am_choking and peer.key in chosen:
                actions.append(self._unchoke(peer))
            elif not peer.am_choking and peer.key not in chosen:
                peer.am_choking = True
                actions.append(Send(peer.key, Choke()))
        return actions

    def _candidate(self, peer: Peer) -> Candidate:
        return Candidate(
            peer.key,
            eligible=peer.peer_interested and peer.confirmed,
            rate=peer.up.rate if self.complete else peer.down.rate,
            snubbed=peer.snubbed and not self.complete,
            newcomer=not peer.had_turn,
        )

    def _unchoke_if_room(self, peer: Peer) -> list[Action]:
        """Serve a peer at once, not only at the next round, while slots are free."""
        if not (peer.am_choking and peer.peer_interested and peer.confirmed):
            return []
        served = sum(not p.am_choking and p.peer_interested for p in self.peers.values())
        return [self._unchoke(peer)] if served < self.limits.upload_slots else []

    def _unchoke(self, peer: Peer) -> Action:
        peer.am_choking = False
        peer.had_turn = True
        return Send(peer.key, Unchoke())

    # --- what peers have --------------------------------------------------------------------
    def _take_have(self, peer: Peer, piece: int) -> list[Action]:
        if not 0 <= piece < self.geometry.piece_count:
            raise WireError(f"a have of piece {piece}, which does not exist")
        return self._add_pieces(peer, [] if peer.has[piece] else [piece])

    def _take_pieces(
        self, peer: Peer, message: BitfieldMessage | HaveAll | HaveNone
    ) -> list[Action]:
        """The first word on what a peer has; aria2 sums up its haves in later bitfields too.

        Those that can add nothing cost nothing.
        """
        if peer.told_pieces and (peer.has.complete or isinstance(message, HaveNone)):
            return []
        told = self._told(message)
        if peer.told_pieces or not told.complete:
            return self._add_pieces(peer, [piece for piece in told if not peer.has[piece]])
        peer.told_pieces = True
        peer.has = told
        peer.has_all = True  # counted apart: it makes no piece rarer
        peer.wanted = self._lacking
        return self._show_interest(peer) + self._part_if_both_complete(peer)

    def _told(self, message: BitfieldMessage | HaveAll | HaveNone) -> Bitfield:
        count = self.geometry.piece_count
        if isinstance(message, HaveAll):
            return Bitfield.full(count)
        if isinstance(message, HaveNone):
            return Bitfield(count)
        try:
            return Bitfield.from_bytes(message.bits, count)
        except ValueError as error:
            raise WireError(f"a bitfield that does not fit: {error}") from error

    def _add_pieces(self, peer: Peer, pieces: list[int]) -> list[Action]:
        """The peer has these pieces, too."""
        peer.told_pieces = True
        for piece in pieces:
            peer.has.add(piece)
            peer.wanted += self.goal.pieces[piece] and not self.have[piece]
        self._fetch.picker.count(pieces, 1)
        return self._show_interest(peer) + self._part_if_both_complete(peer)

    def _part_if_both_complete(self, peer: Peer) -> list[Action]:
        if self.have.complete and peer.has.complete:
            return [Close(peer.key, "both have everything")]
        return []

    def _show_interest(self, peer: Peer) -> list[Action]:
        if bool(peer.wanted) == peer.am_interested:
            return []
        peer.am_interested = bool(peer.wanted)
        return [Send(peer.key, Interested() if peer.am_interested else NotInterested())]
