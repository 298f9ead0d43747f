"""Metainfo made without the product's own code, for stock clients and to check ours against."""

from __future__ import annotations

import hashlib
from pathlib import Path

import bencode2


def hash_pieces(content: bytes, piece_length: int) -> bytes:
    """The SHA-1 of each piece, one after the other."""
    starts = range(0, len(content), piece_length)
    return b"".join(hashlib.sha1(content[at : at + piece_length]).digest() for at in starts)


def write_torrent(
    content: Path, torrent: Path, *, announce: str = "", piece_length: int = 1024 * 1024
) -> bytes:
    """Write the metainfo of one file (BEP 3, private as in BEP 27); its info-hash."""
    with content.open("rb") as file:
        pieces = iter(lambda: file.read(piece_length), b"")
        hashes = b"".join(hashlib.sha1(piece).digest() for piece in pieces)
    info = {
        "length": content.stat().st_size,
        "name": content.name,
        "piece length": piece_length,
        "pieces": hashes,
        "private": 1,
    }
    whole = {"info": info} | ({"announce": announce} if announce else {})
    torrent.write_bytes(bencode2.bencode(whole))
    return hashlib.sha1(bencode2.bencode(info)).digest()
