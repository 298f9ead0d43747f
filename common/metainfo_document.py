"""Parsing of metainfo bytes into fields, with the file names validated.

common.metainfo validates the rest. However the input is crafted, the memory used is bounded by what
honest metainfo expands to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from common.bencoding import BencodeError, Reader, Scalar
from common.errors import ErrorCode, MinitorrentError
from common.paths import COLLIDES, MAX_DEPTH, Tree, check_component, refuse_name

MAX_VALUES = 1_000_000
"""Most values in a metainfo, containers included: ten for each of the most files allowed.

Reading a million values takes half a second on one core of 2020.
"""

MAX_LEVELS = 100
"""Deepest nesting of lists and dictionaries: a file tree (BEP 52) is as deep as its paths."""

MAX_MTIME = 253_402_300_799
"""The last second of the year 9999; later modification times are ignored."""

_IN_FILE = frozenset((b"attr", b"length", b"mtime", b"symlink path"))
_IN_INFO = _IN_FILE | {b"files", b"meta version", b"name", b"name.utf-8", b"piece length"}
_IN_INFO |= {b"pieces", b"private", b"source", b"ssl-cert"}


class FileEntry(NamedTuple):
    """A file of the content: its path inside the folder, and its length in bytes.

    `executable` and `mtime` (last modification, in seconds since the epoch) are those of the shared
    file; other clients may ignore them. Padding is zeros between two files, never written to disk
    (BEP 47); it has no path.
    """

    path: tuple[str, ...]
    length: int
    executable: bool = False
    mtime: int | None = None
    is_padding: bool = False


@dataclass
class Document:
    """The fields of a metainfo; `files` is None when it has no file list."""

    info_bytes: bytes = b""
    """The info dictionary's bytes as given; empty when there is none."""
    info: dict[bytes, Scalar] = field(default_factory=dict)
    files: list[FileEntry] | None = None
    tree: Tree = field(default_factory=Tree)
    """The files' paths."""


def read_document(data: bytes) -> Document:
    """Parse the bytes of a metainfo; a single trailing newline is accepted.

    Raises MinitorrentError: invalid_name for a refused file name (see common.paths), usage when the
    bytes aren't valid bencoding, exceed the limits, or have damaged files.
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
    """Decode a name. `better` is the UTF-8 form that some tools add when `value` isn't UTF-8.

    Raises MinitorrentError: usage when the name is not a string, invalid_name when it isn't UTF-8.
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
    """Return `value` as a length; raises MinitorrentError(usage) if it isn't one."""
    if not isinstance(value, int) or value < 0:
        refuse("lacks a length, or has one that is not a whole number")
    return value


def entry_of(path: tuple[str, ...], fields: Mapping[bytes, Scalar]) -> FileEntry:
    """Build a file entry from its fields, some of which are from BEP 47.

    Raises MinitorrentError(usage) for a symbolic link or a missing length.
    """
    attributes, mtime = fields.get(b"attr"), fields.get(b"mtime")
    if not isinstance(attributes, bytes):
        attributes = b""
    is_padding = b"p" in attributes
    if not is_padding and (b"symlink path" in fields or b"l" in attributes):
        refuse("contains a symbolic link; create one without links")
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
    for key in reader.dictionary():
        if key == b"info" and reader.is_at_dictionary():
            start = reader.position
            _read_info(reader, document)
            document.info_bytes = reader.since(start)
        else:
            reader.skip()
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
    """Return the validated components, without the empty leading ones that some tools write.

    Folder names repeat a lot, so `known` caches those already validated.
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
