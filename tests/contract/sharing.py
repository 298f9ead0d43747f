"""Helpers for the tests of several commands."""

from __future__ import annotations

import hashlib
from pathlib import Path

import bencode2

from tests.support.programs.processes import ClientProcess


def share(who: ClientProcess, group: str, path: Path, content: bytes = b"") -> Path:
    path.write_bytes(content or path.name.encode() * 1000)
    who.ok("upload_file", str(path), group)
    return path


def info_hash(torrent: Path) -> str:
    """Return the info-hash of a metainfo file, computed by independent code."""
    info = bencode2.bdecode(torrent.read_bytes())[b"info"]
    return hashlib.sha1(bencode2.bencode(info)).hexdigest()
