"""What a .torrent file says: names, lengths and piece hashes of the content (BEP 3).

The info-hash is taken over the bytes of the info dictionary as they were given, so keys that
this program doesn't know count and are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, NoReturn

import bencode2

from common.errors import ErrorCode, MinitorrentError
from common.geometry import MAX_PIECE_LENGTH, MIN_PIECE_LENGTH, Geometry
from common.paths import check_component, check_relative, check_tree
from common.types import InfoHash, PieceIndex

MAX_METAINFO_SIZE = 6_000_000
"""Bytes of the largest metainfo taken: in base64 it still fits a line of the tracker session."""

HASH_SIZE = 20
"""Bytes of a piece's SHA-1."""


MAX_MTIME = 253_402_300_799
"""The last second of the year 9999: later times of modification are taken for no time at all."""


class FileEntry(NamedTuple):
    """A file of the content: path components inside the folder, and length (bytes).

    `executable` and `mtime` (of last modification, seconds since the epoch) are as it was shared;
    other clients may know nothing of them. Padding is zeros between two files that are nowhere on
    the disk (BEP 47); it has no path.
    """

    path: tuple[str, ...]
    length: int
    executable: bool = False
    mtime: int | None = None
    is_padding: bool = False


@dataclass(frozen=True)
class Metainfo:
    """A checked metainfo. For a single file `files` is that file, under `name`."""

    info_bytes: bytes = field(repr=False)
    name: str
    piece_length: int
    pieces: bytes = field(repr=False)
    files: tuple[FileEntry, ...] = field(repr=False)
    is_folder: bool
    private: bool
    source: str | None
    authority: str | None = field(repr=False)
    """`ssl-cert`: the certificate (PEM) of the group that the content is sealed in."""
    trackers: tuple[tuple[str, ...], ...]
    """Announce addresses in tiers (BEP 12)."""

    @cached_property
    def info_hash(self) -> InfoHash:
        """SHA-1 of the info dictionary's bytes."""
        return InfoHash(hashlib.sha1(self.info_bytes, usedforsecurity=False).digest())

    @cached_property
    def length(self) -> int:
        """Length of the whole content (bytes), as pieces see it: with padding."""
        return sum(file.length for file in self.files)

    @cached_property
    def padding(self) -> frozenset[int]:
        """The numbers of those of `files` that are padding."""
        return frozenset(n for n, file in enumerate(self.files) if file.is_padding)

    @cached_property
    def size(self) -> int:
        """Length of all files (bytes), as users see it: without padding."""
        return sum(file.length for file in self.files if not file.is_padding)

    @cached_property
    def geometry(self) -> Geometry:
        """Where the pieces lie."""
        return Geometry(self.length, self.piece_length)

    @property
    def piece_count(self) -> int:
        """Number of pieces; empty content has none."""
        return len(self.pieces) // HASH_SIZE

    def piece_hash(self, index: PieceIndex) -> bytes:
        """SHA-1 that the piece must have (20 bytes)."""
        return self.pieces[index * HASH_SIZE : (index + 1) * HASH_SIZE]

    def has_files(self, files: Sequence[FileEntry], *, is_folder: bool) -> bool:
        """Whether it consists of files of these lengths at these paths, whatever their order."""
        mine = {file.path: file.length for file in self.files if not file.is_padding}
        return self.is_folder is is_folder and mine == {file.path: file.length for file in files}


def parse(data: bytes) -> Metainfo:
    """Read a .torrent file.

    Raises MinitorrentError: invalid_name when a file's name is refused (see common.paths), usage
    for everything else that is wrong with it. No bytes make it raise anything else.
    """
    if len(data) > MAX_METAINFO_SIZE:
        _refuse(f"is larger than {MAX_METAINFO_SIZE} bytes")
    try:
        root = bencode2.bdecode(data)
        canonical = bencode2.bencode(root) == data
    # Besides malformed input: integers of thousands of digits, and nesting too deep.
    except (ValueError, RecursionError) as error:
        raise MinitorrentError(
            ErrorCode.USAGE, "This is not a metainfo (.torrent) file, or it is damaged."
        ) from error
    info = root.get(b"info") if isinstance(root, dict) else None
    if not isinstance(info, dict) or not canonical:
        _refuse("has no readable info dictionary")
    return _read_info(info, _read_trackers(root))


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
    """The info dictionary for content that is to be shared, bencoded, marked private (BEP 27).

    The same arguments always give the same bytes. `source` goes in so that the same content has
    different info-hashes in different groups. `authority` is the certificate (PEM) of a sealed
    group: clients that follow the convention of SSL torrents talk only to those whom it
    certifies. Raises MinitorrentError like `parse`.
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
        info[b"files"] = [
            {b"path": [part.encode("utf-8", "surrogatepass") for part in file.path], **_facts(file)}
            for file in files
        ]
    else:
        (file,) = files
        info |= _facts(file)
    info_bytes = bencode2.bencode(info)
    parse(encode(info_bytes))
    return info_bytes


def _facts(file: FileEntry) -> dict[bytes, object]:
    facts: dict[bytes, object] = {b"length": file.length}
    if file.executable:
        facts[b"attr"] = b"x"
    if file.mtime is not None:
        facts[b"mtime"] = file.mtime
    return facts


def encode(info_bytes: bytes, trackers: Sequence[Sequence[str]] = ()) -> bytes:
    """A .torrent file of a bencoded info dictionary and tiers of announce addresses (BEP 12)."""
    head = b""
    tiers = [[url.encode() for url in tier] for tier in trackers if tier]
    if tiers:
        head += b"8:announce" + bencode2.bencode(tiers[0][0])
        if len(tiers) > 1 or len(tiers[0]) > 1:
            head += b"13:announce-list" + bencode2.bencode(tiers)
    return b"d" + head + b"4:info" + info_bytes + b"e"


def _read_info(info: Mapping[bytes, object], trackers: tuple[tuple[str, ...], ...]) -> Metainfo:
    if b"pieces" not in info and info.get(b"meta version") == 2:
        _refuse("is in version 2 of the format only; make one in version 1 or both")
    name = check_component(_text(info.get(b"name")))
    files, is_folder = _read_files(info, name)
    piece_length = _whole_number(info.get(b"piece length"))
    pieces = info.get(b"pieces")
    if not isinstance(pieces, bytes):
        _refuse("has no piece hashes")
    try:
        geometry = Geometry(sum(file.length for file in files), piece_length)
    except ValueError:
        _refuse(f"needs pieces of {MIN_PIECE_LENGTH} to {MAX_PIECE_LENGTH} bytes, and fewer")
    if len(pieces) != geometry.piece_count * HASH_SIZE:
        _refuse("does not have one hash for each piece")
    source, authority = info.get(b"source"), info.get(b"ssl-cert")
    return Metainfo(
        info_bytes=bencode2.bencode(info),
        name=name,
        piece_length=piece_length,
        pieces=pieces,
        files=files,
        is_folder=is_folder,
        private=info.get(b"private") == 1,
        source=source.decode(errors="replace") if isinstance(source, bytes) else None,
        authority=authority.decode(errors="replace") if isinstance(authority, bytes) else None,
        trackers=trackers,
    )


def _read_files(info: Mapping[bytes, object], name: str) -> tuple[tuple[FileEntry, ...], bool]:
    entries = info.get(b"files")
    if entries is None:
        file = _read_facts(info, (name,))
        if file.is_padding:
            _refuse("is for padding only")
        return (file,), False
    if not isinstance(entries, list) or not entries or b"length" in info:
        _refuse("has a damaged list of files")
    files = tuple(_read_file(entry, name) for entry in entries)
    paths = [file.path for file in files if not file.is_padding]
    if not paths:
        _refuse("is for padding only")
    check_tree(paths)
    return files, True


def _read_file(entry: object, folder: str) -> FileEntry:
    if not isinstance(entry, dict):
        _refuse("has a damaged list of files")
    if b"p" in _attributes(entry):
        return FileEntry((), _whole_number(entry.get(b"length")), is_padding=True)
    path = entry.get(b"path")
    if not isinstance(path, list):
        _refuse("has a file without a path")
    _, *inside = check_relative((folder, *map(_text, path)))
    if not inside:
        _refuse("has a file without a path")
    return _read_facts(entry, tuple(inside))


def _read_facts(entry: Mapping[bytes, object], path: tuple[str, ...]) -> FileEntry:
    """A file's length, and what BEP 47 and others tell of it; refuses symbolic links."""
    attributes = _attributes(entry)
    if b"symlink path" in entry or b"l" in attributes:
        _refuse("contains a symbolic link; make one without links")
    mtime = entry.get(b"mtime")
    return FileEntry(
        path,
        _whole_number(entry.get(b"length")),
        executable=b"x" in attributes,
        mtime=mtime if isinstance(mtime, int) and 0 <= mtime <= MAX_MTIME else None,
        is_padding=b"p" in attributes,
    )


def _attributes(entry: Mapping[bytes, object]) -> bytes:
    attributes = entry.get(b"attr")
    return attributes if isinstance(attributes, bytes) else b""


def _read_trackers(root: Mapping[bytes, object]) -> tuple[tuple[str, ...], ...]:
    """The announce addresses; damaged ones are left out, since content doesn't depend on them."""
    listed = root.get(b"announce-list")
    tiers = [_addresses(tier) for tier in listed] if isinstance(listed, list) else []
    tiers = [tier for tier in tiers if tier] or [_addresses([root.get(b"announce")])]
    return tuple(tier for tier in tiers if tier)


def _addresses(tier: object) -> tuple[str, ...]:
    if not isinstance(tier, list):
        return ()
    return tuple(url.decode() for url in tier if isinstance(url, bytes) and url.isascii() and url)


def _text(value: object) -> str:
    if not isinstance(value, bytes):
        _refuse("has a name that is not text")
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise MinitorrentError(
            ErrorCode.INVALID_NAME, f"The name {value[:80]!r} is not valid UTF-8."
        ) from error


def _whole_number(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        _refuse("lacks a length, or has one that is not a whole number")
    return value


def _refuse(reason: str) -> NoReturn:
    raise MinitorrentError(ErrorCode.USAGE, f"This metainfo {reason}.")
