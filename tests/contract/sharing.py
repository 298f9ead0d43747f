"""What the tests of several commands do alike."""

from __future__ import annotations

import hashlib
from pathlib import Path

import bencode2

from tests.support.processes import ClientProcess


def share(who: ClientProcess, group: str, path: Path, content: bytes = b"") -> Path:
    path.write_bytes(content or path.name.encode() * 1000)
    who.ok("upload_file", str(path), group)
    return path


def info_hash(torrent: Path) -> str:
    """The info-hash of a metainfo file, worked out by others' code."""
    info = bencode2.bdecode(torrent.read_bytes())[b"info"]
    return hashlib.sha1(bencode2.bencode(info)).hexdigest()
