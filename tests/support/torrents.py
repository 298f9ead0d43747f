"""Metainfo built without the product's code, for stock clients and for comparison."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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


def write_padded(
    model: Path, torrent: Path, content: Mapping[str, bytes], piece_length: int
) -> None:
    """Write metainfo of a folder, named as `torrent`, in which every file begins a piece (BEP 47).

    Everything else is as in `model`: whose group it is for, and where it is announced.
    """
    root = bencode2.bdecode(model.read_bytes())
    info, whole, entries = root[b"info"], b"", list[dict[str, object]]()
    for path, data in content.items():
        whole += data
        entries.append({"length": len(data), "path": path.split("/")})
        gap = -len(whole) % piece_length
        if gap:
            whole += bytes(gap)
            entries.append({"attr": "p", "length": gap, "path": [".pad", str(gap)]})
    for key in (b"length", b"mtime", b"attr"):
        info.pop(key, None)
    info |= {
        b"name": torrent.stem.encode(),
        b"piece length": piece_length,
        b"pieces": hash_pieces(whole, piece_length),
        b"files": entries,
    }
    torrent.write_bytes(bencode2.bencode(root))
