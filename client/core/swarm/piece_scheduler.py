"""Which peer fetches which piece.

A wanted piece that is missing is in exactly one of these states:

- *open*: in the picker, nobody fetches it;
- *partial*: its peer left or choked us half-way; the next peer completes it;
- *in hand*: in the `downloads` of one peer, or of several in the endgame, each with a buffer of its
  own; or complete, with its hash being checked.

What a snubbed peer fetches does not count: others may fetch it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.core.swarm.actions import Assignment
from client.core.swarm.peer import Peer
from client.core.swarm.piece_download import AnyBuffers, PieceDownload
from client.core.swarm.relief import find_relief
from client.core.swarm.swarm_config import SwarmConfig
from client.core.swarm.tiered_picker import make_picker
from client.core.transfers.piece_selection import PieceSelection
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import Block, PieceIndex

if TYPE_CHECKING:
    from random import Random

_RESCUE_FACTOR = 2
"""Sequential mode: duplicate a piece's download if that is this many times as fast as waiting."""


class PieceScheduler:
    """The pieces of one torrent being downloaded from `peers` (the swarm's own table)."""

    def __init__(
        self,
        geometry: Geometry,
        have: Bitfield,
        selection: PieceSelection,
        peers: dict[int, Peer],
        buffers: AnyBuffers,
        rng: Random,
        config: SwarmConfig,
    ) -> None:
        self._geometry = geometry
        self._blocks_per_piece = geometry.block_count(PieceIndex(0))
        self._have = have
        self._peers = peers
        self._buffers = buffers
        self._config = config
        self._partial: dict[int, PieceDownload] = {}
        self._verifying: list[PieceDownload] = []
        self._relieved: set[int] = set()  # pieces that were moved to another peer
        self._spoiled: set[int] = set()  # pieces from several peers that failed their hash
        self._wanted = selection.pieces
        self._sequential = selection.sequential
        self.picker = make_picker(have, selection, rng)

    def close(self) -> None:
        """Give back the buffers that no peer holds; every peer must have left."""
        for download in self._partial.values():
            self._buffers.give_back(download.lent)
        self._partial.clear()

    # --- handing out work -------------------------------------------------------------------
    def assign(
        self, peer: Peer, outstanding: int, now: float, limit: int | None = None
    ) -> list[Assignment]:
        """Choose up to `limit` blocks to request from a peer with `outstanding` requests to answer.

        None means that no rate limit applies; the peer's window does in any case.
        """
        if peer.peer_choking or not peer.wanted:
            return []
        if not peer.owes:
            peer.block_at = now
            self.forgive(peer)
        elif peer.snubbed:
            return []
        if not self._has_work(peer, outstanding, now):
            return []
        owed = outstanding
        window = self._window(peer, now)
        free, least = window - outstanding, self._least(window)
        if limit is not None:
            free, least = min(free, limit), 1
        assignments: list[Assignment] = []
        while free >= least:
            is_endgame = not (outstanding or assignments or self.picker.open_count)
            download = (
                (self._rescue(peer, owed, now) if self._sequential else None)
                or self._unfinished(peer)
                or (self._next(peer) if owed < peer.ahead(self._config, now) else None)
                or (self._duplicate(peer, now) if is_endgame else None)
            )
            if download is None:
                break
            numbers = download.request(free)
            free -= len(numbers)
            owed += len(numbers)
            assignments.append(Assignment(download, numbers))
        return assignments

    def _has_work(self, peer: Peer, owed: int, now: float) -> bool:
        """Return whether a peer that owes so many blocks could be asked for more.

        Mostly it couldn't: we look after each of its messages. So this takes little time.
        """
        if self._sequential or not (owed or self.picker.open_count):
            return True
        if owed < peer.ahead(self._config, now) and (self._partial or self.picker.offers(peer.has)):
            return True
        return self._unfinished(peer) is not None

    def _window(self, peer: Peer, now: float) -> int:
        """Return how many requests to keep in flight; near the end each peer gets a fair share.

        Otherwise fast peers would idle while the last pieces queue up at a slow one. A single peer
        gets all: on a long line it would idle for a round trip before each of the last requests.
        """
        window = peer.window(self._config, now)
        blocks_left = self.picker.open_count * self._blocks_per_piece
        if blocks_left >= window * len(self._peers):
            return window  # whatever the number of givers
        givers = sum(bool(p.wanted) and not p.peer_choking for p in self._peers.values())
        if givers < 2:
            return window
        share = blocks_left // givers
        return min(window, max(self._config.min_window, share))

    def _least(self, window: int) -> int:
        """Return how many blocks are worth a request: whole pieces, if the window has space.

        A piece that is asked for in parts is several runs on its way there and back.
        """
        return max(1, min(self._blocks_per_piece, window // 4))

    def _unfinished(self, peer: Peer) -> PieceDownload | None:
        """Return a piece that the peer has begun to send and of which more can be requested."""
        for download in peer.downloads.values():
            if download.missing and peer.has[download.index]:
                return download
        return None

    def _next(self, peer: Peer) -> PieceDownload | None:
        """Return another piece to fetch: a partial one, else the picker's choice.

        What the peer suggests comes first: nobody else may have it, and others can complete a
        partial one.
        """
        if not any(self.picker.is_open(piece) for piece in peer.suggested):
            for piece, download in self._partial.items():
                if peer.has[piece]:
                    del self._partial[piece]
                    peer.downloads[piece] = download
                    return download
        index = self.picker.pick(peer.has, peer.suggested)
        if index is None:
            return None
        peer.suggested.pop(index, None)
        begun = self._begin(peer, index)
        if begun is None:
            self.picker.reopen(index)
        return begun

    def _begin(self, peer: Peer, piece: PieceIndex) -> PieceDownload | None:
        """Give a peer a piece to fetch from scratch; None while there is no buffer for it."""
        size = self._geometry.piece_size(piece)
        buffer = self._buffers.take(size)
        if buffer is None and self._give_up_partial():
            buffer = self._buffers.take(size)
        if buffer is None:
            return None
        download = PieceDownload(piece, buffer)
        peer.downloads[piece] = download
        return download

    def _give_up_partial(self) -> bool:
        """Drop a partial piece that nobody is completing now, to free its buffer."""
        if not self._partial:
            return False
        piece = next(iter(self._partial))
        self._drop_partial(piece)
        self.reopen(PieceIndex(piece))
        return True

    def _duplicate(self, peer: Peer, now: float) -> PieceDownload | None:
        """Endgame: request a piece that a slower peer is sending; the first to finish wins."""
        others = sorted(
            (p for p in self._peers.values() if p is not peer and not p.snubbed),
            key=lambda p: p.down.rate,
        )
        for other in others:
            if not self._is_slow(other, peer, now):
                continue
            for piece, download in reversed(other.downloads.items()):
                if peer.has[piece] and piece not in peer.downloads and self._may_duplicate(piece):
                    return self._begin(peer, download.index)
        return None

    def _rescue(self, peer: Peer, owed: int, now: float) -> PieceDownload | None:
        """Sequential mode: duplicate the first piece if another peer holds everything up with it.

        `owed` is the number of blocks that `peer` has to send first.
        """
        held = [
            (download.index, other)
            for other in self._peers.values()
            if not other.snubbed
            for download in other.downloads.values()
        ]
        first, other = min(held, key=lambda pair: pair[0], default=(None, peer))
        if first is None or other is peer or not peer.has[first]:
            return None
        if not self._may_duplicate(first):
            return None
        if now - other.joined_at < self._config.window_seconds:
            return None  # its rate is not known yet
        download = other.downloads[first]
        # Compares times, blocks / rate; multiplied by both rates, as either may be 0.
        time_of_other = (download.missing + download.outstanding) * peer.down.rate
        time_of_peer = (owed + download.block_count) * other.down.rate
        return self._begin(peer, first) if time_of_other > _RESCUE_FACTOR * time_of_peer else None

    def _is_slow(self, other: Peer, peer: Peer, now: float) -> bool:
        """Return whether `peer` would send a whole piece before `other` sends all that it owes.

        A peer that owes nothing is not slow: our rate limit keeps us from requesting more.
        """
        if not other.owes:
            return False
        if other.has_stalled(self._config, now) or not peer.down.rate:
            return True
        owed = sum(download.block_count for download in other.downloads.values())
        return owed * peer.down.rate > self._blocks_per_piece * other.down.rate  # as in _rescue

    def _may_duplicate(self, piece: int) -> bool:
        """Return whether one more peer may fetch a piece: not while its hash is being checked."""
        return self._fetchers(piece) < self._config.max_fetchers and not self._is_verifying(piece)

    def _fetchers(self, piece: int) -> int:
        """Return how many peers fetch a piece, apart from snubbed ones."""
        return sum(piece in p.downloads and not p.snubbed for p in self._peers.values())

    def relieve(self, now: float) -> list[tuple[int, Block]]:
        """Have idle peers send what waits in others' queues; returns what to cancel, by peer's key.

        A piece is moved once at most: on a long line, an idle peer may seem to stall as well.
        """
        cancelled: list[tuple[int, Block]] = []
        for found in find_relief(self._peers.values(), self._config, now, self._relieved):
            piece = PieceIndex(found.piece)
            if self._fetchers(piece) == 1 and self._begin(found.idle, piece) is not None:
                self._relieved.add(piece)
                key = found.stalled.key
                cancelled += [(key, block) for block in self.cancel(found.stalled, piece)]
        return cancelled

    # --- received pieces --------------------------------------------------------------------
    def received(self, peer: Peer, download: PieceDownload) -> bool:
        """Take the last block of a piece from this peer; True when the piece is to be verified."""
        if download.cancelled:
            self.dropped(peer, download)
            return False
        download.credit(peer.key)
        del peer.downloads[download.index]
        self._verifying.append(download)
        return True

    def dropped(self, peer: Peer, download: PieceDownload) -> None:
        """Free a cancelled piece that the peer's reader has released, unless that is done."""
        if download in peer.cancelled:
            peer.cancelled.remove(download)
            self._buffers.give_back(download.lent)

    def verified(self, download: PieceDownload) -> bool:
        """Record a verified piece that is on disk; False when another copy was faster."""
        piece = download.index
        self._verifying.remove(download)
        self._buffers.give_back(download.lent)
        if self._have[piece]:
            return False
        self._have.add(piece)
        self._relieved.discard(piece)
        self.picker.finish(piece)
        self._drop_partial(piece)
        return True

    def failed(self, download: PieceDownload) -> None:
        """Reopen a piece with the wrong hash, to be downloaded from scratch.

        If several peers contributed, a single peer sends it from now on: so it can't be
        spoiled twice, and a second failure shows which peer sends bad data.
        """
        self._verifying.remove(download)
        self._buffers.give_back(download.lent)
        if len(download.sources) > 1:
            self._spoiled.add(download.index)
        self.reopen(download.index)

    def cancel(self, peer: Peer, piece: PieceIndex) -> list[Block]:
        """Cancel a peer's download of a piece that another sends or has sent.

        Returns the blocks that are still requested.
        """
        download = peer.downloads.pop(piece)
        download.cancelled = True  # first mark, then look: see PeerStreamDecoder._finish
        if download.outstanding:
            peer.cancelled.append(download)
        else:
            self._buffers.give_back(download.lent)
        return download.requested()

    # --- released pieces --------------------------------------------------------------------
    def choked(self, peer: Peer) -> None:
        """Release what was requested from a peer that choked us; its reader has released it."""
        for download in list(peer.downloads.values()):
            if not download.complete:  # a complete one is reported in a moment
                self._orphan(peer, download)
        self._drop_cancelled(peer)

    def left(self, peer: Peer) -> None:
        """Release everything of a peer whose reader has ended."""
        for download in list(peer.downloads.values()):
            self._orphan(peer, download)
        self._drop_cancelled(peer)

    def hand_on(self, peer: Peer) -> None:
        """Let others fetch what the peer has left half-way and can't continue."""
        for download in list(peer.downloads.values()):
            able = peer.has[download.index] and not peer.peer_choking
            if not (able or download.outstanding or download.complete):
                self._orphan(peer, download)

    def _drop_cancelled(self, peer: Peer) -> None:
        for download in peer.cancelled:
            self._buffers.give_back(download.lent)
        peer.cancelled.clear()

    def _orphan(self, peer: Peer, download: PieceDownload) -> None:
        """Take a piece away from a peer; the blocks it sent are kept for the next one."""
        piece = download.index
        del peer.downloads[piece]
        download.withdraw_all()
        download.credit(peer.key)
        if (
            download.empty
            or download.complete  # its peer violated the protocol at the same moment
            or piece in self._partial
            or piece in self._spoiled
            or self._in_hand(piece)
        ):
            self._buffers.give_back(download.lent)
            self.reopen(piece)
        else:
            self._partial[piece] = download
            self.picker.close(piece)

    def snub(self, peer: Peer) -> None:
        """Let others fetch the pieces that this peer doesn't send."""
        peer.snubbed = True
        for piece in peer.downloads:
            self.reopen(PieceIndex(piece))

    def forgive(self, peer: Peer) -> None:
        """End the snubbing of a peer that sends again or owes nothing."""
        if not peer.snubbed:
            return
        peer.snubbed = False
        for piece in peer.downloads:
            self.picker.close(PieceIndex(piece))
            self._drop_partial(piece)

    def reopen(self, piece: PieceIndex) -> None:
        """Let others fetch a missing piece, unless a peer does already or may at once."""
        if not (self._have[piece] or piece in self._partial or self._in_hand(piece)):
            self.picker.reopen(piece)

    def _in_hand(self, piece: int) -> bool:
        """Return whether a peer fetches this piece, or its hash is being checked."""
        return bool(self._fetchers(piece)) or self._is_verifying(piece)

    def _is_verifying(self, piece: int) -> bool:
        return any(download.index == piece for download in self._verifying)

    def _drop_partial(self, piece: int) -> None:
        partial = self._partial.pop(piece, None)
        if partial is not None:
            self._buffers.give_back(partial.lent)
