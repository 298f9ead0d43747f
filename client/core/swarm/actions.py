"""What the pure core has its caller do: actions to carry out, blocks to request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from client.core.swarm.piece_download import PieceDownload
from common.wire.messages import Message


@dataclass(frozen=True, slots=True)
class Send:
    """Send this message to the peer."""

    peer: int
    message: Message


@dataclass(frozen=True, slots=True)
class Announce:
    """Send the same message to many peers; to those in `later` it may go with the next one."""

    message: Message
    soon: list[int]
    later: list[int]


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection; the peer may reconnect."""

    peer: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ban:
    """Close the connection, if it is still open, and never talk to this peer again."""

    peer: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verify:
    """Check the hash of a complete piece, and write the piece if it matches."""

    peer: int
    download: PieceDownload


Action: TypeAlias = Send | Announce | Close | Ban | Verify


@dataclass(frozen=True, slots=True)
class Assignment:
    """Request these adjacent blocks of a piece from the peer that asked for work."""

    download: PieceDownload
    numbers: range
