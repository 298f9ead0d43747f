"""Hashes content to be shared, on all cores."""

from __future__ import annotations

from client.storage.files.content import Content
from client.storage.files.layout import Layout
from client.storage.files.source import Source
from client.storage.paths.os_errors import shown
from client.storage.pieces.piece_scan import Progress, hash_piece, scan_pieces
from common.errors import ErrorCode, MinitorrentError
from common.geometry import Geometry
from common.metainfo import HASH_SIZE
from common.types import PieceIndex


def hash_source(source: Source, piece_length: int, progress: Progress | None = None) -> bytes:
    """Return the concatenated SHA-1 hashes of all pieces.

    `progress` gets (bytes hashed, total bytes), in the calling thread. Raises
    MinitorrentError: file_changed when a file changed since the scan, usage when the content needs
    too many pieces. An exception of `progress` ends it and is passed on.
    """
    try:
        geometry = Geometry(source.length, piece_length)
    except ValueError as error:
        raise MinitorrentError(
            ErrorCode.USAGE, f"{shown(source.path)} is too large to be shared; split it."
        ) from error
    hashes = bytearray(geometry.piece_count * HASH_SIZE)
    content = Content(Layout(source.path, source.path, source.files, source.is_folder))

    def visit(index: PieceIndex, scratch: memoryview) -> None:
        start = geometry.offset(index)

        def read_into(begin: int, buffer: memoryview) -> None:
            content.read_into(start + begin, [buffer])

        place = index * HASH_SIZE
        hashes[place : place + HASH_SIZE] = hash_piece(
            geometry.piece_size(index), read_into, scratch
        )

    try:
        scan_pieces(geometry, visit, progress)
    finally:
        content.close()
    source.check_unchanged()
    return bytes(hashes)
