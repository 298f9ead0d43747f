"""What is to be done about peers: returned by the pure rooms, carried out by the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from client.core.piece_download import PieceDownload
from common.wire.messages import Message


@dataclass(frozen=True, slots=True)
class Send:
    """Put this message on its way to the peer."""

    peer: int
    message: Message


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection; the peer may come back."""

    peer: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ban:
    """End the connection, if it still is there, and never talk to this peer again."""

    peer: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verify:
    """Compare the hash of a piece that is here whole, and write it if it is right."""

    peer: int
    download: PieceDownload


Action: TypeAlias = Send | Close | Ban | Verify


@dataclass(frozen=True, slots=True)
class Assignment:
    """Request these blocks of a piece from the peer that asked for work."""

    download: PieceDownload
    numbers: list[int]
