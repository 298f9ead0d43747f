"""The messages by which peers exchange a torrent's info dictionary (BEP 9).

They are the payload of extended messages (BEP 10), in pieces of 16 KiB. Only the whole can be
verified, by its SHA-1, which is the info-hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import bencode2

from common.bencoding import BencodeError, Reader, Scalar
from common.metainfo import MAX_METAINFO_SIZE
from common.types import BLOCK_SIZE
from common.wire.messages import WireError

UT_METADATA: Final = 3
"""The number under which this client accepts these messages; each side chooses its own."""

MAX_METADATA_SIZE: Final = MAX_METAINFO_SIZE
"""Longest info dictionary requested, in bytes."""

_LONGEST_HEADER: Final = 1024
_MAX_VALUES: Final = 100
_MAX_DEPTH: Final = 10
_REQUEST, _DATA, _REJECT = 0, 1, 2


@dataclass(frozen=True, slots=True)
class MetadataRequest:
    """The sender asks for a piece of the info dictionary. The number is unchecked."""

    piece: int

    def encode(self) -> bytes:
        """Return the payload after the message's number."""
        return _header(_REQUEST, self.piece)


@dataclass(frozen=True, slots=True)
class MetadataPiece:
    """A piece of the info dictionary, which has `total_size` bytes in all. Unchecked."""

    piece: int
    total_size: int
    data: bytes

    def encode(self) -> bytes:
        """Return the payload after the message's number."""
        return _header(_DATA, self.piece, self.total_size) + self.data


@dataclass(frozen=True, slots=True)
class MetadataReject:
    """The sender will not send this piece. The number is unchecked."""

    piece: int

    def encode(self) -> bytes:
        """Return the payload after the message's number."""
        return _header(_REJECT, self.piece)


MetadataMessage: TypeAlias = MetadataRequest | MetadataPiece | MetadataReject


def decode(payload: bytes) -> MetadataMessage | None:
    """Parse the payload after the message's number; return None for an unknown type, to be ignored.

    Raises WireError when it is none of these messages.
    """
    fields, data = _split(payload)
    kind, piece = fields.get(b"msg_type"), fields.get(b"piece")
    if not isinstance(kind, int) or not isinstance(piece, int) or piece < 0:
        raise WireError("a metadata message without its type or number")
    if kind == _REQUEST:
        return MetadataRequest(piece)
    if kind == _REJECT:
        return MetadataReject(piece)
    if kind != _DATA:
        return None
    size = fields.get(b"total_size")
    if not isinstance(size, int) or len(data) > BLOCK_SIZE:
        raise WireError("a piece of metadata without its size, or too long")
    return MetadataPiece(piece, size, data)


def piece_count(size: int) -> int:
    """Return the number of pieces of an info dictionary of `size` bytes."""
    return -(-size // BLOCK_SIZE)


def cut(info: bytes, piece: int) -> bytes:
    """Return one piece of an info dictionary; only the last one is shorter than 16 KiB."""
    return info[piece * BLOCK_SIZE : (piece + 1) * BLOCK_SIZE]


def _header(kind: int, piece: int, total_size: int | None = None) -> bytes:
    fields = {b"msg_type": kind, b"piece": piece}
    if total_size is not None:
        fields[b"total_size"] = total_size
    return bencode2.bencode(fields)


def _split(payload: bytes) -> tuple[Mapping[bytes, Scalar], bytes]:
    """Return the leading dictionary and the bytes after it."""
    reader = Reader(payload[:_LONGEST_HEADER], max_values=_MAX_VALUES, max_depth=_MAX_DEPTH)
    try:
        fields = {key: reader.scalar() for key in reader.dictionary()}
    except BencodeError as error:
        raise WireError("a metadata message that is not bencoded") from error
    return fields, payload[reader.position :]
