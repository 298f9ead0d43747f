"""What is announced to the tracker, as the announcer sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from client.core.admission.candidates import PeerCandidate
from common.errors import MinitorrentError
from common.types import InfoHash, PeerId


class UnidentifiedPeer(NamedTuple):
    """A peer that the tracker hasn't listed: its connection's key, its peer id, its IP address."""

    key: int
    peer_id: PeerId
    host: str


class Announced(Protocol):
    """A torrent as announced to the tracker. Counts are bytes."""

    @property
    def info_hash(self) -> InfoHash:
        """What identifies the torrent."""

    @property
    def left(self) -> int:
        """Bytes that are missing."""

    @property
    def transferred(self) -> tuple[int, int]:
        """Bytes uploaded and downloaded since the torrent started."""

    @property
    def needs_peers(self) -> bool:
        """Whether it lacks pieces and has no peer to request them from."""

    def learn(self, candidates: Sequence[PeerCandidate]) -> None:
        """Take the peers that the tracker lists."""

    def refused(self, error: MinitorrentError) -> None:
        """Stop: the tracker no longer lets this client take part."""

    def removed(self, text: str) -> None:
        """Stop: the file was removed from its group; `text` says by whom."""

    def counted(self) -> None:
        """Take note that the tracker knows that it is complete."""

    def identified(self, key: int, user: str | None, *, is_member: bool | None) -> None:
        """Take the identity of an incoming peer; a member's name may be unknown.

        `is_member` is None when no tracker can tell now; we ask again until its time is over.
        """
