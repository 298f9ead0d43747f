"""The senders of each block of wrong pieces, kept until the right piece shows who sent bad data."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final

from client.core.swarm.piece_download import PieceDownload

MAX_BLOCKS: Final = 16 * 1024
"""Blocks remembered for each torrent, each as a digest and its sender."""


class Evidence:
    """The blocks of wrong pieces that several peers contributed to, by connection key.

    At most `most` blocks are remembered; the oldest piece is dropped first.
    """

    def __init__(self, most: int = MAX_BLOCKS) -> None:
        self._most = most
        self._pieces: OrderedDict[int, list[tuple[int, bytes]]] = OrderedDict()
        self._blocks = 0

    def keep(self, download: PieceDownload) -> None:
        """Remember a complete piece with the wrong hash; hashes the blocks in its buffer."""
        self._drop(download.index)
        self._pieces[download.index] = [
            (sender, _digest(download, number)) for number, sender in enumerate(download.senders)
        ]
        self._blocks += download.block_count
        while self._blocks > self._most:
            self._drop(next(iter(self._pieces)))

    def judge(self, download: PieceDownload) -> set[int]:
        """Given the right piece, return the senders whose earlier blocks differ from it."""
        kept = self._pieces.get(download.index, [])
        self._drop(download.index)
        return {
            sender
            for number, (sender, digest) in enumerate(kept)
            if digest != _digest(download, number)
        }

    def _drop(self, piece: int) -> None:
        self._blocks -= len(self._pieces.pop(piece, ()))


def _digest(download: PieceDownload, number: int) -> bytes:
    _, begin, length = download.block(number)
    data = download.buffer[begin : begin + length]
    return hashlib.sha1(data, usedforsecurity=False).digest()
