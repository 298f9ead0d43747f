"""What stands in the bytes of a metainfo: its fields, and its files' names, which are judged.

The rest is for common.metainfo to judge. What is built is bounded by what an honest metainfo
unfolds to, however the bytes are made up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from common.bencoding import BencodeError, Reader, Scalar
from common.errors import ErrorCode, MinitorrentError
from common.paths import COLLIDES, MAX_DEPTH, Tree, check_component, refuse_name

MAX_VALUES = 1_000_000
"""Strings, numbers, lists and dictionaries in a metainfo: ten for each of as many files as may be.

What is read at a million takes half a second on one core of 2020.
"""

MAX_LEVELS = 100
"""Lists and dictionaries inside each other: a tree of files (BEP 52) has the depth of the paths."""

MAX_TRACKERS = 100
"""Announce addresses that are read; honest metainfo has some dozens at most."""

MAX_MTIME = 253_402_300_799
"""The last second of the year 9999: later times of modification are taken for no time at all."""

_IN_FILE = frozenset((b"attr", b"length", b"mtime", b"symlink path"))
_IN_INFO = _IN_FILE | {b"files", b"meta version", b"name", b"name.utf-8", b"piece length"}
_IN_INFO |= {b"pieces", b"private", b"source", b"ssl-cert"}


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


@dataclass
class Document:
    """A metainfo's fields; `files` is None when there is no list of them."""

    info_bytes: bytes = b""
    """The info dictionary as it was given; empty when there is none."""
    info: dict[bytes, Scalar] = field(default_factory=dict)
    files: list[FileEntry] | None = None
    tree: Tree = field(default_factory=Tree)
    """The files' paths."""
    trackers: tuple[tuple[str, ...], ...] = ()


def read_document(data: bytes) -> Document:
    """Read the bytes of a metainfo; one line end after it does no harm.

    Raises MinitorrentError: invalid_name for a file's name that is refused (see common.paths),
    usage when the bytes aren't bencoded by the rules, hold too much, or have damaged files.
    """
    reader = Reader(data, max_values=MAX_VALUES, max_depth=MAX_LEVELS)
    try:
        document = _read_root(reader)
        if data[reader.position :] not in (b"", b"\n", b"\r\n"):
            raise BencodeError(f"it has trailing bytes, from byte {reader.position} on")
    except BencodeError as error:
        raise MinitorrentError(
            ErrorCode.USAGE, f"This is not a metainfo (.torrent) file, or it is damaged: {error}."
        ) from error
    return document


def text_of(value: Scalar, better: Scalar = None) -> str:
    """A name as text. `better` is what some tools add in UTF-8 when `value` isn't.

    Raises MinitorrentError: usage when the name is no string, invalid_name when it isn't UTF-8.
    """
    if not isinstance(value, bytes):
        refuse("has a name that is not text")
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        if isinstance(better, bytes):
            return text_of(better)
        raise MinitorrentError(
            ErrorCode.INVALID_NAME, f"The name {value[:80]!r} is not valid UTF-8."
        ) from error


def whole_number(value: Scalar) -> int:
    """A length. Raises MinitorrentError(usage) when the value is none."""
    if not isinstance(value, int) or value < 0:
        refuse("lacks a length, or has one that is not a whole number")
    return value


def entry_of(path: tuple[str, ...], fields: Mapping[bytes, Scalar]) -> FileEntry:
    """A file by its fields, of which BEP 47 has some.

    Raises MinitorrentError(usage) for a symbolic link, and without a length.
    """
    attributes, mtime = fields.get(b"attr"), fields.get(b"mtime")
    if not isinstance(attributes, bytes):
        attributes = b""
    is_padding = b"p" in attributes
    if not is_padding and (b"symlink path" in fields or b"l" in attributes):
        refuse("contains a symbolic link; make one without links")
    length = whole_number(fields.get(b"length"))
    if is_padding:
        return FileEntry((), length, is_padding=True)
    if not isinstance(mtime, int) or not 0 <= mtime <= MAX_MTIME:
        mtime = None
    return FileEntry(path, length, b"x" in attributes, mtime)


def refuse(reason: str) -> NoReturn:
    """Raise MinitorrentError(usage)."""
    raise MinitorrentError(ErrorCode.USAGE, f"This metainfo {reason}.")


def _read_root(reader: Reader) -> Document:
    document = Document()
    announce: Scalar = None
    tiers: list[tuple[str, ...]] = []
    for key in reader.dictionary():
        if key == b"info" and reader.is_at_dictionary():
            start = reader.position
            _read_info(reader, document)
            document.info_bytes = reader.since(start)
        elif key == b"announce":
            announce = reader.scalar()
        elif key == b"announce-list" and reader.is_at_list():
            tiers = _read_tiers(reader)
        else:
            reader.skip()
    document.trackers = tuple(tier for tier in tiers or [_addresses([announce])] if tier)
    return document


def _read_info(reader: Reader, document: Document) -> None:
    for key in reader.dictionary():
        if key == b"files" and reader.is_at_list():
            document.files = _read_files(reader, document.tree)
        elif key in _IN_INFO:
            document.info[key] = reader.scalar()
        else:
            reader.skip()


def _read_files(reader: Reader, tree: Tree) -> list[FileEntry]:
    known: dict[bytes, str] = {}
    files = []
    for _ in reader.items():
        file = _read_file(reader, known)
        if not file.is_padding and not tree.add(file.path):
            refuse_name("/".join(file.path), COLLIDES)
        files.append(file)
    return files


def _read_file(reader: Reader, known: dict[bytes, str]) -> FileEntry:
    if not reader.is_at_dictionary():
        refuse("has a damaged list of files")
    path: list[Scalar] = []
    better: list[Scalar] = []
    fields: dict[bytes, Scalar] = {}
    for key in reader.dictionary():
        if key == b"path" and reader.is_at_list():
            path = [reader.scalar() for _ in reader.items()]
        elif key == b"path.utf-8" and reader.is_at_list():
            better = [reader.scalar() for _ in reader.items()]
        elif key in _IN_FILE:
            fields[key] = reader.scalar()
        else:
            reader.skip()
    file = entry_of((), fields)
    if file.is_padding:
        return file
    if not path:
        refuse("has a file without a path")
    return file._replace(path=_read_path(path, better, known))


def _read_path(
    path: Sequence[Scalar], better: Sequence[Scalar], known: dict[bytes, str]
) -> tuple[str, ...]:
    """The components, judged; empty ones before the name, which some tools write, are left out.

    Folders' names come again and again, so those that were judged are kept in `known`.
    """
    if len(path) > MAX_DEPTH:
        refuse(f"has a file whose path has more than {MAX_DEPTH} parts")
    *folders, name = path
    if better and not all(map(_is_utf_8, path)):
        return _read_path(better, (), known)
    inside = [_folder(folder, known) for folder in folders if folder != b""]
    return (*inside, check_component(text_of(name)))


def _is_utf_8(value: Scalar) -> bool:
    try:
        text_of(value)
    except MinitorrentError:
        return False
    return True


def _folder(value: Scalar, known: dict[bytes, str]) -> str:
    name = known.get(value) if isinstance(value, bytes) else None
    if name is None:
        name = check_component(text_of(value))
        known[name.encode()] = name
    return name


def _read_tiers(reader: Reader) -> list[tuple[str, ...]]:
    """Announce addresses; damaged ones are left out, since content doesn't depend on them."""
    tiers: list[tuple[str, ...]] = []
    room = MAX_TRACKERS
    for _ in reader.items():
        if not room or not reader.is_at_list():
            reader.skip()
            continue
        tier = _addresses([reader.scalar() for _ in reader.items()])[:room]
        room -= len(tier)
        if tier:
            tiers.append(tier)
    return tiers


def _addresses(values: Sequence[Scalar]) -> tuple[str, ...]:
    urls = [value.decode() for value in values if isinstance(value, bytes) and value.isascii()]
    return tuple(url for url in urls if url and url.isprintable())
