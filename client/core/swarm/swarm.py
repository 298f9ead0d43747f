"""One torrent's peers and pieces: which peer gets what next.

Everything here is called under the torrent's lock and returns at once.
`client.core.protocol.peer_protocol` interprets the messages of peers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from client.core.swarm.actions import Action, Announce, Assignment, Ban, Close, Send
from client.core.swarm.choker import ChokeCandidate, Choker, givers_first
from client.core.swarm.evidence import Evidence
from client.core.swarm.first_copies import FirstCopies
from client.core.swarm.peer import Peer
from client.core.swarm.piece_download import AnyBuffers, PieceDownload
from client.core.swarm.piece_scheduler import PieceScheduler
from client.core.swarm.swarm_config import SwarmConfig
from client.core.swarm.turnover import Turnover
from client.core.transfers.piece_selection import PieceSelection
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import BLOCK_SIZE, BlockRun, PieceIndex
from common.wire.messages import (
    Cancel,
    Choke,
    Have,
    Interested,
    KeepAlive,
    NotInterested,
    Reject,
    Suggest,
    Unchoke,
)

if TYPE_CHECKING:
    from random import Random


class Swarm:
    """The state of one torrent among its peers.

    `have` are the verified pieces; the swarm adds to it. `uploaded` and `downloaded` count payload
    bytes. `now` is in seconds, by the same clock at every call.
    """

    def __init__(
        self,
        geometry: Geometry,
        have: Bitfield,
        buffers: AnyBuffers,
        rng: Random,
        now: float,
        config: SwarmConfig | None = None,
        selection: PieceSelection | None = None,
    ) -> None:
        self.geometry = geometry
        self.have = have
        self.selection = selection or PieceSelection.all_of(geometry)
        self.done = self.selection.done(have)  # verified bytes of the wanted files
        self._lacking = sum(1 for _ in self.selection.lacking(have))  # wanted pieces
        self.peers: dict[int, Peer] = {}
        self.config = config or SwarmConfig()
        self._scheduler = PieceScheduler(
            geometry, have, self.selection, self.peers, buffers, rng, self.config
        )
        self._evidence = Evidence()
        self._choker = Choker(self.config, rng, now)
        self._turnover = Turnover(self.config, rng, now)
        self._rng = rng
        self._now = now  # of the last tick
        self._first_copies: FirstCopies | None = None
        if have.complete:
            self._become_source()
        self._all_slots_used = True  # since the last round of choking
        self.uploaded = 0
        self.downloaded = 0
        self._keep_alive_at = now + self.config.keep_alive_every

    @property
    def complete(self) -> bool:
        """Whether we have every wanted piece, verified."""
        return not self._lacking

    @property
    def verified_bytes(self) -> int:
        """How many bytes we have, verified, wanted or not."""
        return self.geometry.bytes_in(self.have)

    # --- joining and leaving ----------------------------------------------------------------
    def join(self, peer: Peer) -> None:
        """Add a peer after its handshake."""
        self.peers[peer.key] = peer

    def leave(self, key: int) -> None:
        """Remove a peer whose connection, and with it its reader, has ended."""
        peer = self.peers.pop(key, None)
        if peer is None:
            return
        if self._first_copies is not None:
            self._first_copies.left(key)
        if not peer.has_all:
            self._scheduler.picker.count_holders(peer.has, -1)
        self._scheduler.left(peer)

    def close(self) -> None:
        """Give back every buffer; every peer must have left."""
        self._scheduler.close()

    def confirm(self, key: int) -> list[Action]:
        """Record that the peer is a member, so that it may be served.

        If we have everything, it is served before it says that it is interested: that saves it a
        round trip.
        """
        peer = self.peers.get(key)
        if peer is None or peer.confirmed:
            return []
        peer.confirmed = True
        peer.presumed_interested = self.have.complete and not peer.has.complete
        return self.fill_slots()

    # --- downloading ------------------------------------------------------------------------
    def assign(
        self, key: int, outstanding: int, now: float, limit: int | None = None
    ) -> list[Assignment]:
        """Choose up to `limit` blocks to request from a peer with `outstanding` requests to answer.

        A peer that is not confirmed as a member gets none: its data would have to be checked first.
        """
        peer = self.peers.get(key)
        if peer is None or not peer.confirmed:
            return []
        return self._scheduler.assign(peer, outstanding, now, limit)

    def payload_received(self, peer: Peer, payload: int, now: float) -> None:
        """Count block bytes received from a peer."""
        peer.down.add(payload)
        self.downloaded += payload
        peer.block_at = now
        self._scheduler.forgive(peer)
        self._scheduler.hand_on(peer)

    def payload_sent(self, key: int, payload: int) -> None:
        """Count block bytes sent to a peer, which may have left."""
        self.uploaded += payload
        if key in self.peers:
            self.peers[key].up.add(payload)

    def rejected(self, peer: Peer, download: PieceDownload) -> list[Action]:
        """Handle the reject of a requested block (BEP 6).

        A peer that chokes us has to reject. One that doesn't lacks a piece that it announced.
        """
        piece = download.index
        if download.cancelled:
            if not download.outstanding:
                self._scheduler.dropped(peer, download)
            return []
        if not peer.peer_choking and peer.has[piece]:
            if peer.has_all:  # from now on its pieces are counted one by one
                peer.has_all = False
                self._scheduler.picker.count_holders(peer.has, 1)
            peer.has.discard(piece)
            self._scheduler.picker.count_holders([piece], -1)
            peer.wanted -= 1
        self._scheduler.hand_on(peer)
        return self._show_interest(peer)

    def choked(self, peer: Peer) -> None:
        """Handle a choke (BEP 3): nothing is requested from the peer until it unchokes us.

        Other peers may fetch the pieces of which nothing is on its way any more. Without BEP 6
        those are all of this peer's, because the choke voids our requests; with BEP 6, the peer
        rejects each request that it won't answer (see `rejected`).
        """
        if not peer.fast:
            peer.stream.forget()
            self._scheduler.choked(peer)
        peer.peer_choking = True
        peer.suggested.clear()
        self._scheduler.hand_on(peer)

    def piece_received(self, peer: Peer, download: PieceDownload) -> bool:
        """Take the last block of a piece from this peer; True when the piece is to be verified."""
        return self._scheduler.received(peer, download)

    def piece_dropped(self, peer: Peer, download: PieceDownload) -> None:
        """Free a cancelled piece that the peer's reader has released."""
        self._scheduler.dropped(peer, download)

    def verified(self, download: PieceDownload) -> list[Action]:
        """Record a verified piece on disk: announce it, and cancel other downloads of it."""
        piece = download.index
        liars = set() if self.have[piece] else self._evidence.judge(download)
        if not self._scheduler.verified(download):
            return []
        self._lacking -= 1
        self.done += self.selection.size_of(piece)
        actions: list[Action] = [Ban(key, "sent a block of a wrong piece") for key in liars]
        lacking: list[int] = []
        having: list[int] = []
        actions.append(Announce(Have(piece), soon=lacking, later=having))
        for key, peer in self.peers.items():
            if piece in peer.downloads:
                requested = self._scheduler.cancel(peer, piece)
                actions += [Send(key, Cancel(*block)) for block in requested]
            if not peer.has[piece]:
                lacking.append(key)
                continue
            having.append(key)
            peer.wanted -= 1
            if not peer.wanted:
                actions += self._show_interest(peer)
        if self.have.complete:
            self._become_source()
            for peer in self.peers.values():
                actions += self._part_if_both_complete(peer)
        return actions

    def failed(self, download: PieceDownload) -> list[Action]:
        """Handle a piece with the wrong hash: bans the peer that sent all of it.

        If several peers contributed, the right piece, from a single peer, shows who sent bad data.
        """
        sources = download.sources
        is_shared = len(sources) > 1
        if is_shared:
            self._evidence.keep(download)  # while its buffer is still lent
        self._scheduler.failed(download)
        return (
            [] if is_shared else [Ban(key, "sent a piece with the wrong hash") for key in sources]
        )

    # --- the clock --------------------------------------------------------------------------
    def tick(self, now: float) -> list[Action]:
        """Update rates, choking, timeouts and keep-alives; call it a few times a second."""
        actions: list[Action] = []
        self._now = now
        for peer in self.peers.values():
            peer.down.update(now)
            peer.up.update(now)
            if peer.uploads.waiting_blocks:
                peer.used_slot_at = now
            actions += self._check_time(peer, now)
        relieved = self._scheduler.relieve(now)
        actions += [Send(key, Cancel(*block)) for key, block in relieved]
        actions += self._rechoke(now) if self._choker.due(now) else self.fill_slots()
        if now >= self._keep_alive_at:
            self._keep_alive_at = now + self.config.keep_alive_every
            actions += [Send(key, KeepAlive()) for key in self.peers]
        if not self.complete:
            parting = self._turnover.choose(self.peers, now)
            actions += [Close(key, "had nothing that we lack, and took a place") for key in parting]
        return actions

    def _check_time(self, peer: Peer, now: float) -> list[Action]:
        if now - peer.received_at > self.config.silent_after:
            return [Close(peer.key, "said nothing for too long")]
        if not peer.owes:
            return []
        waiting = now - peer.block_at
        if waiting > self.config.hopeless_after:
            return [Close(peer.key, "did not send what was requested")]
        if waiting > self.config.snubbed_after and not peer.snubbed:
            self._scheduler.snub(peer)
        return []

    # --- choking ----------------------------------------------------------------------------
    def _rechoke(self, now: float) -> list[Action]:
        for peer in self.peers.values():
            peer.presumed_interested = False  # it had time to say so
            if not self.complete:
                peer.settle(self.geometry.piece_length)
        candidates = [self._candidate(peer) for peer in self.peers.values()]
        rate = sum(peer.up.rate for peer in self.peers.values())
        chosen = self._choker.choose(candidates, rate, now, all_used=self._all_slots_used)
        self._all_slots_used = True
        if self._first_copies is not None:
            self._first_copies.expire()
        actions: list[Action] = []
        for peer in self.peers.values():
            peer.optimistic = peer.key == self._choker.optimistic
            if peer.am_choking and peer.key in chosen:
                actions += self._unchoke(peer)
            elif not peer.am_choking and peer.key not in chosen:
                actions += self._choke(peer)
        return actions

    def _candidate(self, peer: Peer) -> ChokeCandidate:
        return ChokeCandidate(
            peer.key,
            eligible=peer.wants and peer.confirmed,
            rate=peer.up.rate if self.complete else peer.down.rate,
            snubbed=peer.snubbed and not self.complete,
            newcomer=not peer.had_turn,
            hoards=self._first_copies is not None and self._first_copies.hoards(peer.key),
            takes=peer.takes,
        )

    def fill_slots(self) -> list[Action]:
        """Serve more peers at once, without waiting for the next round, while slots are free."""
        served = [p for p in self.peers.values() if not p.am_choking and p.wants]
        used_after = self._now - self.config.slot_idle_after
        active = sum(peer.used_slot_at > used_after for peer in served)
        slots = self._choker.slots
        self._all_slots_used &= active >= slots
        free = min(slots - active, slots + self.config.extra_slots - len(served))
        if free <= 0 or len(served) == sum(peer.wants for peer in self.peers.values()):
            return []
        first = givers_first([self._candidate(peer) for peer in self.peers.values() if peer.wants])
        waiting = [candidate for candidate in first if self.peers[candidate.key].am_choking]
        chosen = self._choker.fill(waiting, free)
        return [action for key in chosen for action in self._unchoke(self.peers[key])]

    def _choke(self, peer: Peer) -> list[Action]:
        """Stop serving a peer; BEP 6 wants an answer to each request that is still waiting.

        It still gets the rest of the piece that is being sent, if that takes no more than a round:
        it can't pass on half a piece. Without BEP 6 the choke voids all its requests.
        """
        peer.am_choking = True
        soon = int(peer.up.rate * self.config.rechoke_every / BLOCK_SIZE)
        withdrawn = peer.uploads.withdraw_blocks(keep=soon if peer.fast else 0)
        if self._first_copies is not None:
            self._first_copies.choked(peer.key, peer.has, peer.uploads.next_piece)
        blocks = [block for run in withdrawn for block in run.blocks()]
        refused = [Send(peer.key, Reject(*block)) for block in blocks if peer.fast]
        return [Send(peer.key, Choke()), *refused]

    def _unchoke(self, peer: Peer) -> list[Action]:
        peer.am_choking = False
        peer.had_turn = True
        peer.used_slot_at = self._now
        return [*self._suggest(peer, self.config.initial_window), Send(peer.key, Unchoke())]

    # --- the first copy of each piece -------------------------------------------------------
    def _become_source(self) -> None:
        """Have everything: from now on we care that each piece gets into the swarm."""
        known: set[int] = set()
        for peer in self.peers.values():
            if not peer.has_all:
                known.update(peer.has)
        pieces = [p for p in range(self.geometry.piece_count) if p not in known]
        self._first_copies = FirstCopies(
            pieces, self.geometry.block_count(PieceIndex(0)), self._rng
        )

    def requested(self, peer: Peer, runs: Sequence[BlockRun]) -> list[Action]:
        """Record that a peer will be sent these blocks, and suggest what to request next."""
        peer.used_slot_at = self._now
        if self._first_copies is None:
            return []
        self._first_copies.requested(peer.key, {run.piece for run in runs})
        return self._suggest(peer, sum(run.count for run in runs))

    def _suggest(self, peer: Peer, burst: int) -> list[Action]:
        if self._first_copies is None or not peer.fast:
            return []
        pieces = self._first_copies.suggest(peer.key, peer.has, burst)
        return [Send(peer.key, Suggest(piece)) for piece in pieces]

    def suggested(self, peer: Peer, piece: int) -> None:
        """Take a peer's suggestion to request a piece from it (BEP 6)."""
        if not self.have[piece]:
            peer.remember_suggested(piece)

    # --- what peers have --------------------------------------------------------------------
    def learn_all(self, peer: Peer, has: Bitfield) -> list[Action]:
        """Handle a first message saying that the peer has every piece."""
        peer.announced_pieces = True
        peer.has = has
        peer.has_all = True  # counted separately: it makes no piece rarer
        peer.wanted = self._lacking
        return self._show_interest(peer) + self._part_if_both_complete(peer)

    def learn_pieces(self, peer: Peer, pieces: Iterable[int]) -> list[Action]:
        """Add pieces that a peer says it has."""
        peer.announced_pieces = True
        new = list(filter(peer.has.add, pieces))
        self._scheduler.picker.count_holders(new, 1)
        if self._first_copies is not None:  # we have everything
            self._first_copies.seen(peer.key, new)
            return self._part_if_both_complete(peer)
        have, wanted = self.have, self.selection.pieces
        peer.wanted += sum(wanted[piece] for piece in new if not have[piece])
        return self._show_interest(peer)

    def _part_if_both_complete(self, peer: Peer) -> list[Action]:
        if self.have.complete and peer.has.complete:
            return [Close(peer.key, "both have everything")]
        return []

    def _show_interest(self, peer: Peer) -> list[Action]:
        if bool(peer.wanted) == peer.am_interested:
            return []
        peer.am_interested = bool(peer.wanted)
        return [Send(peer.key, Interested() if peer.am_interested else NotInterested())]
