"""Who fetches which piece.

A wanted piece that is missing is in exactly one of these states:

- *open*: in the picker, nobody fetches it;
- *partial*: its peer left or choked us half-way; the next peer goes on with it;
- *in hand*: in the `downloads` of one peer, or of several in the endgame, each with a buffer of its
  own, or all its bytes are there and its hash is being compared.

What a snubbed peer fetches does not count: others may fetch it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from client.core.actions import Assignment
from client.core.peer import Peer
from client.core.picker import Picker
from client.core.piece_download import Buffer, PieceDownload
from client.core.piece_selection import PieceSelection
from client.core.sequential_picker import SequentialPicker
from client.core.swarm_config import SwarmConfig
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import PieceIndex

if TYPE_CHECKING:
    from random import Random

BufferT = TypeVar("BufferT", bound=Buffer)


_RESCUE_FACTOR = 2
"""In order, a piece is fetched once more when that is so many times as quick as waiting."""


class Buffers(Protocol[BufferT]):
    """Where piece buffers come from."""

    def take(self, size: int) -> BufferT | None:
        """A buffer of exactly `size` bytes, or None while too much is in use."""

    def give_back(self, buffer: BufferT) -> None:
        """Nobody writes into or reads from this buffer any more."""


class PieceScheduler:
    """The pieces of one torrent on their way in, from `peers` (the swarm's own table)."""

    def __init__(
        self,
        geometry: Geometry,
        have: Bitfield,
        goal: PieceSelection,
        peers: dict[int, Peer],
        buffers: Buffers[Any],
        rng: Random,
        config: SwarmConfig,
    ) -> None:
        self._geometry = geometry
        self._have = have
        self._peers = peers
        self._buffers = buffers
        self._config = config
        self._partial: dict[int, PieceDownload] = {}
        self._verifying: list[PieceDownload] = []
        self._spoiled: set[int] = set()  # pieces of several peers that had the wrong hash
        self._wanted = goal.pieces
        self._in_order = goal.in_order
        self.picker: Picker | SequentialPicker
        if goal.in_order:
            self.picker = SequentialPicker(have, goal.pieces)
        else:
            self.picker = Picker(have, goal.pieces, rng)

    def __repr__(self) -> str:
        return (
            f"Fetch({self.picker!r}, {len(self._partial)} partial, "
            f"{len(self._verifying)} being verified)"
        )

    def close(self) -> None:
        """Give back what no peer holds; every peer must have left."""
        for download in self._partial.values():
            self._buffers.give_back(download.lent)
        self._partial.clear()

    # --- handing out work -------------------------------------------------------------------
    def assign(
        self, peer: Peer, outstanding: int, now: float, most: int | None = None
    ) -> list[Assignment]:
        """Blocks to request from a peer that has `outstanding` requests to answer.

        At most so many are chosen; a rate limit is the reason for that.
        """
        if peer.peer_choking or not peer.wanted:
            return []
        if not peer.owes:
            peer.block_at = now
            self.forgive(peer)
        elif peer.snubbed:
            return []
        owed = outstanding
        room = self._window(peer, now) - outstanding
        if most is not None:
            room = min(room, most)
        assignments: list[Assignment] = []
        while room > 0:
            idle = not outstanding and not assignments
            download = (
                (self._rescue(peer, owed, now) if self._in_order else None)
                or self._next(peer)
                or (self._take_over(peer, now) if idle else None)
            )
            if download is None:
                break
            numbers = download.request(room)
            room -= len(numbers)
            owed += len(numbers)
            assignments.append(Assignment(download, numbers))
        return assignments

    def _window(self, peer: Peer, now: float) -> int:
        """Requests to keep out to this peer; near the end each gets a share of what is open.

        Otherwise the quick would stand idle while the last pieces queue up at a slow one.
        """
        window = peer.window(self._config, now)
        givers = sum(bool(p.wanted) and not p.peer_choking for p in self._peers.values())
        blocks = self._geometry.block_count(PieceIndex(0))
        share = self.picker.open_count * blocks // max(1, givers)
        return min(window, max(self._config.least_window, share))

    def _next(self, peer: Peer) -> PieceDownload | None:
        for download in peer.downloads.values():
            if download.missing and peer.has[download.index]:
                return download
        for piece, download in self._partial.items():
            if peer.has[piece]:
                del self._partial[piece]
                peer.downloads[piece] = download
                return download
        index = self.picker.pick(peer.has)
        if index is None:
            return None
        download_or_none = self._begin(peer, index)
        if download_or_none is None:
            self.picker.reopen(index)
        return download_or_none

    def _begin(self, peer: Peer, piece: PieceIndex) -> PieceDownload | None:
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
        """Let go of a partial piece, which nobody can go on with now, to have its buffer."""
        if not self._partial:
            return False
        piece = next(iter(self._partial))
        self._drop_partial(piece)
        self.reopen(PieceIndex(piece))
        return True

    def _take_over(self, peer: Peer, now: float) -> PieceDownload | None:
        """The endgame: fetch a piece that a slower peer is fetching; the first to finish wins."""
        others = sorted(
            (p for p in self._peers.values() if p is not peer and not p.snubbed),
            key=lambda p: p.down.rate,
        )
        for other in others:
            if not self._is_slow(other, peer, now):
                continue
            for piece, download in reversed(other.downloads.items()):
                if (
                    peer.has[piece]
                    and piece not in peer.downloads
                    and self._fetchers(piece) < self._config.fetchers
                ):
                    return self._begin(peer, download.index)
        return None

    def _rescue(self, peer: Peer, owed: int, now: float) -> PieceDownload | None:
        """In order: fetch the first piece once more when another peer holds everything up with it.

        `owed` is the number of blocks that `peer` has to send before.
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
        if self._fetchers(first) >= self._config.fetchers:
            return None
        if now - other.joined_at < self._config.window_seconds:
            return None  # its rate is not known yet
        download = other.downloads[first]
        theirs = (download.missing + download.outstanding) * peer.down.rate
        ours = (owed + download.block_count) * other.down.rate
        return self._begin(peer, first) if theirs > _RESCUE_FACTOR * ours else None

    def _is_slow(self, other: Peer, peer: Peer, now: float) -> bool:
        """Whether `peer` would send a whole piece before `other` has sent all that it owes.

        Who owes nothing has only not been asked yet, because of a rate limit of ours.
        """
        if not other.owes:
            return False
        if now - other.block_at > self._config.stalled_after or not peer.down.rate:
            return True
        owed = sum(download.block_count for download in other.downloads.values())
        piece = self._geometry.block_count(PieceIndex(0))
        return owed * peer.down.rate > piece * other.down.rate

    def _fetchers(self, piece: int) -> int:
        return sum(piece in p.downloads and not p.snubbed for p in self._peers.values())

    # --- pieces coming in -------------------------------------------------------------------
    def received(self, peer: Peer, download: PieceDownload) -> bool:
        """The last block of a piece came from this peer; True when it is to be verified now."""
        if download.cancelled:
            self.dropped(peer, download)
            return False
        download.credit(peer.key)
        del peer.downloads[download.index]
        self._verifying.append(download)
        return True

    def dropped(self, peer: Peer, download: PieceDownload) -> None:
        """The peer's reader has let go of a cancelled piece; its buffer may be back already."""
        if download in peer.cancelled:
            peer.cancelled.remove(download)
            self._buffers.give_back(download.lent)

    def verified(self, download: PieceDownload) -> bool:
        """A piece is right and on the disk; False when another copy of it was quicker."""
        piece = download.index
        self._verifying.remove(download)
        self._buffers.give_back(download.lent)
        if self._have[piece]:
            return False
        self._have.add(piece)
        self.picker.finish(piece)
        self._drop_partial(piece)
        return True

    def failed(self, download: PieceDownload) -> None:
        """A piece has the wrong hash: it is fetched again, from nothing.

        If several peers had a part in it, it comes whole from one peer from now on: so it can't be
        spoiled twice, and who sends it wrong is known.
        """
        self._verifying.remove(download)
        self._buffers.give_back(download.lent)
        if len(download.sources) > 1:
            self._spoiled.add(download.index)
        self.reopen(download.index)

    def call_off(self, peer: Peer, piece: PieceIndex) -> PieceDownload | None:
        """The piece is here: a peer that still fetches it need not. Returns what it fetched."""
        download = peer.downloads.pop(piece, None)
        if download is None:
            return None
        download.cancelled = True  # first mark, then look: see PeerStreamDecoder._finish
        if download.outstanding:
            peer.cancelled.append(download)
        else:
            self._buffers.give_back(download.lent)
        return download

    # --- work given back --------------------------------------------------------------------
    def choked(self, peer: Peer) -> None:
        """Nothing that was requested from the peer will come; its reader has let go of it all."""
        for download in list(peer.downloads.values()):
            if not download.complete:  # of a complete one we shall hear in a moment
                self._orphan(peer, download)
        self._drop_cancelled(peer)

    def left(self, peer: Peer) -> None:
        """The peer's reader has ended."""
        for download in list(peer.downloads.values()):
            self._orphan(peer, download)
        self._drop_cancelled(peer)

    def hand_on(self, peer: Peer) -> None:
        """Let others fetch what the peer has left half-way and can't go on with."""
        for download in list(peer.downloads.values()):
            able = peer.has[download.index] and not peer.peer_choking
            if not (able or download.outstanding or download.complete):
                self._orphan(peer, download)

    def _drop_cancelled(self, peer: Peer) -> None:
        for download in peer.cancelled:
            self._buffers.give_back(download.lent)
        peer.cancelled.clear()

    def _orphan(self, peer: Peer, download: PieceDownload) -> None:
        """The peer no longer fetches this piece; what it sent is kept for the next one."""
        piece = download.index
        del peer.downloads[piece]
        download.withdraw_all()
        download.credit(peer.key)
        if (
            download.empty
            or download.complete  # its peer broke the protocol in the same breath
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
        """Let others fetch what this peer doesn't send."""
        peer.snubbed = True
        for piece in peer.downloads:
            self.reopen(PieceIndex(piece))

    def forgive(self, peer: Peer) -> None:
        """A snubbed peer sends again, or owes nothing any more."""
        if not peer.snubbed:
            return
        peer.snubbed = False
        for piece in peer.downloads:
            self.picker.close(PieceIndex(piece))
            self._drop_partial(piece)

    def reopen(self, piece: PieceIndex) -> None:
        """Let others fetch a missing piece, unless somebody does already or may at once."""
        if not (self._have[piece] or piece in self._partial or self._in_hand(piece)):
            self.picker.reopen(piece)

    def _in_hand(self, piece: int) -> bool:
        return bool(self._fetchers(piece)) or any(d.index == piece for d in self._verifying)

    def _drop_partial(self, piece: int) -> None:
        partial = self._partial.pop(piece, None)
        if partial is not None:
            self._buffers.give_back(partial.lent)

    def check_invariant(self) -> None:
        """For tests: every piece is in exactly one state. Raises AssertionError."""
        for piece in range(self._have.size):
            states = {
                "have": self._have[piece],
                "open": self.picker.is_open(piece),
                "partial": piece in self._partial,
                "in hand": not self._have[piece] and self._in_hand(piece),
                "unwanted": not (self._have[piece] or self._wanted[piece]),
            }
            assert sum(states.values()) == 1, f"piece {piece} is {states}"
        for partial in self._partial.values():
            assert partial.missing, f"{partial} can't be gone on with"
            assert not partial.outstanding, f"{partial} waits for blocks"
            assert not partial.empty, f"{partial} is worth nothing"

    def lent(self) -> list[Buffer]:
        """For tests: the buffers that were taken and not given back."""
        held = [*self._partial.values(), *self._verifying]
        for peer in self._peers.values():
            held += [*peer.downloads.values(), *peer.cancelled]
        return [download.lent for download in held]
