"""The contents of a .torrent file: names, lengths and piece hashes (BEP 3).

The info-hash covers the bytes of the info dictionary exactly as given, so keys unknown to this
program count towards it and are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import bencode2

from common.geometry import MAX_PIECE_LENGTH, MIN_PIECE_LENGTH, Geometry
from common.metainfo_document import MAX_MTIME as MAX_MTIME
from common.metainfo_document import (
    Document,
    entry_of,
    read_document,
    refuse,
    text_of,
    whole_number,
)
from common.metainfo_document import FileEntry as FileEntry
from common.paths import check_component, check_relative
from common.types import InfoHash, PieceIndex

MAX_METAINFO_SIZE = 6_000_000
"""Largest accepted metainfo, in bytes: encoded as base64 it still fits a line of the tracker
session.
"""

HASH_SIZE = 20
"""Bytes of a piece's SHA-1."""


@dataclass(frozen=True)
class Metainfo:
    """Validated metainfo. For a single file, `files` holds that file, under `name`."""

    info_bytes: bytes = field(repr=False)
    name: str
    piece_length: int
    pieces: bytes = field(repr=False)
    files: tuple[FileEntry, ...] = field(repr=False)
    is_folder: bool
    private: bool
    source: str | None
    authority: str | None = field(repr=False)
    """`ssl-cert`: the certificate (PEM) of the sealed group that the content belongs to."""

    @cached_property
    def info_hash(self) -> InfoHash:
        """SHA-1 of the info dictionary's bytes."""
        return InfoHash(hashlib.sha1(self.info_bytes, usedforsecurity=False).digest())

    @cached_property
    def length(self) -> int:
        """Length of the content in bytes as pieces cover it, including padding."""
        return sum(file.length for file in self.files)

    @cached_property
    def padding(self) -> frozenset[int]:
        """Indexes of the padding files in `files`."""
        return frozenset(n for n, file in enumerate(self.files) if file.is_padding)

    @cached_property
    def size(self) -> int:
        """Length of all files in bytes as users see it, without padding."""
        return sum(file.length for file in self.files if not file.is_padding)

    @cached_property
    def geometry(self) -> Geometry:
        """The layout of the pieces."""
        return Geometry(self.length, self.piece_length)

    @property
    def piece_count(self) -> int:
        """Number of pieces; empty content has none."""
        return len(self.pieces) // HASH_SIZE

    def piece_hash(self, index: PieceIndex) -> bytes:
        """Return the piece's expected SHA-1 (20 bytes)."""
        return self.pieces[index * HASH_SIZE : (index + 1) * HASH_SIZE]

    def has_files(self, files: Sequence[FileEntry], *, is_folder: bool) -> bool:
        """Return whether its files have exactly these paths and lengths, in any order."""
        mine = {file.path: file.length for file in self.files if not file.is_padding}
        return self.is_folder is is_folder and mine == {file.path: file.length for file in files}


def parse(data: bytes) -> Metainfo:
    """Parse a .torrent file. A single trailing newline is accepted.

    Parsing is bounded: no input takes much longer, or much more memory, than honest metainfo of the
    same size. Raises MinitorrentError: invalid_name for a refused file name (see common.paths),
    usage for anything else. No input raises anything else.
    """
    if len(data) > MAX_METAINFO_SIZE:
        refuse(f"is larger than {MAX_METAINFO_SIZE} bytes")
    document = read_document(data)
    if not document.info_bytes:
        refuse("has no readable info dictionary")
    return _validated(document)


def build_info(
    name: str,
    files: Sequence[FileEntry],
    piece_length: int,
    pieces: bytes,
    *,
    source: str | None,
    is_folder: bool,
    authority: str | None = None,
) -> bytes:
    """Return the bencoded info dictionary of content to share, marked private (BEP 27).

    The same arguments always give the same bytes. `source` makes the same content have different
    info-hashes in different groups. `authority` is the certificate (PEM) of a sealed group: clients
    that follow the SSL torrent convention talk only to peers certified by it. Raises
    MinitorrentError like `parse`.
    """
    info: dict[bytes, object] = {
        b"name": name.encode("utf-8", "surrogatepass"),
        b"piece length": piece_length,
        b"pieces": pieces,
        b"private": 1,
    }
    if source is not None:
        info[b"source"] = source.encode()
    if authority is not None:
        info[b"ssl-cert"] = authority.encode()
    if is_folder:
        info[b"files"] = [{b"path": _path(file), **_file_fields(file)} for file in files]
    else:
        (file,) = files
        info |= _file_fields(file)
    info_bytes = bencode2.bencode(info)
    parse(encode(info_bytes))
    return info_bytes


def _path(file: FileEntry) -> list[bytes]:
    return [part.encode("utf-8", "surrogatepass") for part in file.path]


def _file_fields(file: FileEntry) -> dict[bytes, object]:
    fields: dict[bytes, object] = {b"length": file.length}
    if file.executable:
        fields[b"attr"] = b"x"
    if file.mtime is not None:
        fields[b"mtime"] = file.mtime
    return fields


def encode(info_bytes: bytes, trackers: Sequence[Sequence[str]] = ()) -> bytes:
    """Return a .torrent file made of a bencoded info dictionary and announce tiers (BEP 12)."""
    head = b""
    tiers = [[url.encode() for url in tier] for tier in trackers if tier]
    if tiers:
        head += b"8:announce" + bencode2.bencode(tiers[0][0])
        if len(tiers) > 1 or len(tiers[0]) > 1:
            head += b"13:announce-list" + bencode2.bencode(tiers)
    return b"d" + head + b"4:info" + info_bytes + b"e"


def _validated(document: Document) -> Metainfo:
    info = document.info
    if b"pieces" not in info and info.get(b"meta version") == 2:
        refuse("uses only version 2 of the format; create one in version 1 or both")
    name = check_component(text_of(info.get(b"name"), info.get(b"name.utf-8")))
    files = _validated_files(document, name)
    piece_length = whole_number(info.get(b"piece length"))
    pieces = info.get(b"pieces")
    if not isinstance(pieces, bytes):
        refuse("has no piece hashes")
    try:
        geometry = Geometry(sum(file.length for file in files), piece_length)
    except ValueError:
        refuse(f"needs pieces of {MIN_PIECE_LENGTH} to {MAX_PIECE_LENGTH} bytes, and fewer")
    if len(pieces) != geometry.piece_count * HASH_SIZE:
        refuse("does not have one hash for each piece")
    source, authority = info.get(b"source"), info.get(b"ssl-cert")
    return Metainfo(
        info_bytes=document.info_bytes,
        name=name,
        piece_length=piece_length,
        pieces=pieces,
        files=files,
        is_folder=document.files is not None,
        private=info.get(b"private") == 1,
        source=source.decode(errors="replace") if isinstance(source, bytes) else None,
        authority=authority.decode(errors="replace") if isinstance(authority, bytes) else None,
    )


def _validated_files(document: Document, name: str) -> tuple[FileEntry, ...]:
    info, files = document.info, document.files
    if files is None and b"files" in info:
        refuse("has a damaged list of files")
    if files is None:
        files = [entry_of((name,), info)]
    elif not files:
        refuse("has an empty list of files")
    elif b"length" in info:
        refuse(
            "has both a length and a list of files, so clients disagree about it; create it again"
        )
    if all(file.is_padding for file in files):
        refuse("contains only padding")
    if document.files:
        for path in (document.tree.longest, document.tree.deepest):
            check_relative((name, *path))
    return tuple(files)
