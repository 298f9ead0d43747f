"""Small contents with their metainfo."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Mapping
from pathlib import Path, PosixPath

from client.storage.files.torrent_files import TorrentFiles
from common.geometry import KIB
from common.metainfo import FileEntry, Metainfo, build_info, encode, parse
from common.types import Block, PieceIndex
from tests.support.waiting import wait_until

PIECE = 16 * KIB


def random_bytes(length: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(length)


def describe(
    content: bytes | Mapping[str, bytes], name: str = "content", piece_length: int = PIECE
) -> Metainfo:
    """The metainfo of a file, or of a folder given as relative path -> bytes."""
    if isinstance(content, bytes):
        files = [FileEntry((name,), len(content))]
        joined = content
    else:
        files = [FileEntry(tuple(path.split("/")), len(data)) for path, data in content.items()]
        joined = b"".join(content.values())
    pieces = b"".join(
        hashlib.sha1(joined[start : start + piece_length]).digest()
        for start in range(0, len(joined), piece_length)
    )
    info = build_info(
        name,
        files,
        piece_length,
        pieces,
        source="minitorrent:test",
        is_folder=not isinstance(content, bytes),
    )
    return parse(encode(info))


def write_piece(files: TorrentFiles, index: PieceIndex, data: memoryview) -> None:
    files.write_pieces([(index, data)])


def write_all(files: TorrentFiles, content: bytes | Mapping[str, bytes]) -> None:
    joined = content if isinstance(content, bytes) else b"".join(content.values())
    geometry = files.metainfo.geometry
    for number in range(geometry.piece_count):
        index = PieceIndex(number)
        start = geometry.offset(index)
        piece = joined[start : start + geometry.piece_size(index)]
        write_piece(files, index, memoryview(piece))


def read_all(files: TorrentFiles) -> bytes:
    geometry = files.metainfo.geometry
    pieces = []
    for number in range(geometry.piece_count):
        index = PieceIndex(number)
        pieces.append(read_piece(files, index, geometry.piece_size(index)))
    return b"".join(pieces)


def read_piece(files: TorrentFiles, index: PieceIndex, size: int) -> bytes:
    """The first `size` bytes of a piece."""
    buffer = bytearray(size)
    files.read([Block(index, 0, size)], [memoryview(buffer)])
    return bytes(buffer)


def put(root: Path, content: bytes | Mapping[str, bytes]) -> None:
    """Write the content to disk as at a sharer."""
    if isinstance(content, bytes):
        root.write_bytes(content)
        return
    root.mkdir()
    for path, data in content.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def await_next_tick(path: Path) -> None:
    """Wait until a change of the file would get another time than its last one."""
    probe = path.with_name("probe")

    def is_later() -> bool:
        probe.write_bytes(b"")
        return probe.stat().st_ctime_ns > path.stat().st_ctime_ns

    wait_until(is_later, 5.0, "the kernel's clock to move on", interval=0.001)
    probe.unlink()


def tree(root: Path) -> dict[str, bytes]:
    """A folder read back, as relative path -> bytes."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def without_hard_links(code: int) -> type[PosixPath]:
    """Paths on a file system without hard links, which says so with this error number."""

    class WithoutLinks(PosixPath):
        def hardlink_to(self, target: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> None:
            """See Path."""
            raise OSError(code, os.strerror(code))

    return WithoutLinks
