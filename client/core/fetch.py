"""Who fetches which piece.

A missing piece is in exactly one of these states:

- *open*: in the picker, nobody fetches it;
- *fetched*: in the `downloads` of one peer, or of several in the endgame, each with a buffer of
  its own (also while its only fetcher is snubbed: then it is open as well);
- *partial*: its peer left or choked us half-way; the next peer goes on with it;
- *verifying*: all its bytes are there, its hash is being compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from client.core.actions import Assignment
from client.core.limits import Limits
from client.core.peer import Peer
from client.core.picker import Picker
from client.core.piece_download import Buffer, PieceDownload
from common.bitfield import Bitfield
from common.geometry import Geometry
from common.types import PieceIndex

if TYPE_CHECKING:
    from random import Random

BufferT = TypeVar("BufferT", bound=Buffer)


class Buffers(Protocol[BufferT]):
    """Where piece buffers come from."""

    def take(self, size: int) -> BufferT | None:
        """A buffer of exactly `size` bytes, or None while too much is in use."""

    def give_back(self, buffer: BufferT) -> None:
        """Nobody writes into or reads from this buffer any more."""


class Fetch:
    """The pieces of one torrent on their way in, from `peers` (the swarm's own table)."""

    def __init__(
        self,
        geometry: Geometry,
        have: Bitfield,
        peers: dict[int, Peer],
        buffers: Buffers[Any],
        rng: Random,
        limits: Limits,
    ) -> None:
        self._geometry = geometry
        self._have = have
        self._peers = peers
        self._buffers = buffers
        self._limits = limits
        self._partial: dict[int, PieceDownload] = {}
        self._verifying: set[int] = set()
        self.picker = Picker(have, rng)

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
    def assign(self, peer: Peer, outstanding: int, now: float) -> list[Assignment]:
        """Blocks to request from a peer that has `outstanding` requests to answer."""
        if peer.peer_choking or peer.snubbed or not peer.wanted:
            return []
        room = peer.window(self._limits, now) - outstanding
        if not any(download.outstanding for download in peer.downloads.values()):
            peer.block_at = now
        assignments: list[Assignment] = []
        while room > 0:
            idle = not outstanding and not assignments
            download = self._next(peer) or (self._take_over(peer) if idle else None)
            if download is None:
                break
            numbers = download.request(room)
            room -= len(numbers)
            assignments.append(Assignment(download, numbers))
        return assignments

    def _next(self, peer: Peer) -> PieceDownload | None:
        for download in peer.downloads.values():
            if download.missing and peer.has[download.index]:
                return download
        for piece, download in self._partial.items():
            if peer.has[piece] and piece not in peer.downloads:
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
        download = self._partial.pop(next(iter(self._partial)))
        self._buffers.give_back(download.lent)
        self.reopen(download.index)
        return True

    def _take_over(self, peer: Peer) -> PieceDownload | None:
        """The endgame: fetch a piece that a slower peer is fetching; the first to finish wins."""
        others = sorted(
            (p for p in self._peers.values() if p is not peer), key=lambda p: p.down.rate
        )
        for other in others:
            for piece, download in other.downloads.items():
                if (
                    peer.has[piece]
                    and piece not in peer.downloads
                    and self._fetchers(piece) < self._limits.fetchers
                ):
                    return self._begin(peer, download.index)
        return None

    def _fetchers(self, piece: int) -> int:
        return sum(piece in p.downloads and not p.snubbed for p in self._peers.values())

    # --- pieces coming in -------------------------------------------------------------------
    def received(self, peer: Peer, download: PieceDownload) -> bool:
        """The last block of a piece came from this peer; True when it is to be verified now."""
        download.sources.add(peer.key)
        if download.cancelled:
            self.dropped(peer, download)
            return False
        del peer.downloads[download.index]
        self._verifying.add(download.index)
        return True

    def dropped(self, peer: Peer, download: PieceDownload) -> None:
        """The peer's reader has let go of a cancelled piece."""
        peer.cancelled.remove(download)
        self._buffers.give_back(download.lent)

    def verified(self, download: PieceDownload) -> bool:
        """A piece is right and on the disk; False when another copy of it was quicker."""
        piece = download.index
        self._verifying.discard(piece)
        self._buffers.give_back(download.lent)
        if self._have[piece]:
            return False
        self._have.add(piece)
        self.picker.finish(piece)
        partial = self._partial.pop(piece, None)
        if partial is not None:
            self._buffers.give_back(partial.lent)
        return True

    def failed(self, download: PieceDownload) -> None:
        """A piece has the wrong hash: it is fetched again, from nothing."""
        self._verifying.discard(download.index)
        self._buffers.give_back(download.lent)
        self.reopen(download.index)

    def call_off(self, peer: Peer, piece: PieceIndex) -> PieceDownload | None:
        """The piece is here: a peer that still fetches it need not. Returns what it fetched."""
        download = peer.downloads.pop(piece, None)
        if download is not None:
            download.cancelled = True
            peer.cancelled.append(download)
        return download

    # --- work given back --------------------------------------------------------------------
    def abandon(self, peer: Peer) -> None:
        """Nothing that was requested from the peer will come."""
        for download in list(peer.downloads.values()):
            download.withdraw_all()
            self.orphan(peer, download)
        for download in peer.cancelled:
            self._buffers.give_back(download.lent)
        peer.cancelled.clear()

    def orphan(self, peer: Peer, download: PieceDownload) -> None:
        """The peer no longer fetches this piece; what it sent is kept for the next one."""
        piece = download.index
        del peer.downloads[piece]
        if download.empty or piece in self._partial or piece in self._verifying:
            self._buffers.give_back(download.lent)
            self.reopen(piece)
        else:
            download.sources.add(peer.key)
            self._partial[piece] = download
            self.picker.close(piece)

    def snub(self, peer: Peer) -> None:
        """Let others fetch what this peer doesn't send."""
        peer.snubbed = True
        for piece in peer.downloads:
            self.reopen(PieceIndex(piece))

    def forgive(self, peer: Peer) -> None:
        """A snubbed peer sends again."""
        peer.snubbed = False
        for piece in peer.downloads:
            self.picker.close(PieceIndex(piece))

    def reopen(self, piece: PieceIndex) -> None:
        """Let others fetch a missing piece, unless somebody does already or may at once."""
        if not (
            self._have[piece]
            or piece in self._partial
            or piece in self._verifying
            or self._fetchers(piece)
        ):
            self.picker.reopen(piece)

    def check_invariant(self) -> None:
        """For tests: every piece is in exactly one state."""
        fetched = _pieces(p.downloads for p in self._peers.values() if not p.snubbed)
        snubbed = _pieces(p.downloads for p in self._peers.values() if p.snubbed)
        for piece in range(self._have.size):
            states = [
                self._have[piece],
                self.picker.is_open(piece),
                piece in self._partial,
                piece in fetched or piece in self._verifying,
            ]
            assert sum(states) == 1, (piece, states, piece in snubbed)


def _pieces(tables: Iterable[dict[int, PieceDownload]]) -> set[int]:
    return {piece for table in tables for piece in table}
