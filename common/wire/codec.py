"""Encoding and decoding of peer messages (BEP 3: four bytes of length, one byte of number,
payload).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, TypeVar

from common.types import BlockRun
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Choke,
    Extended,
    Have,
    HaveAll,
    HaveNone,
    Ignored,
    Interested,
    KeepAlive,
    Message,
    NotInterested,
    Reject,
    Request,
    Suggest,
    Unchoke,
    WireError,
)

MAX_REQUEST: Final = 128 * 1024
"""Most bytes in one request; a larger request closes the connection."""

MAX_MESSAGE: Final = 256 * 1024
"""Longest accepted message other than a piece, in bytes: a bitfield of two million pieces."""

LENGTH: Final = struct.Struct(">I")
HEAD: Final = struct.Struct(">IB")
PIECE_HEADER: Final = struct.Struct(">IBII")
"""Length, number 7, piece, offset in the piece; the payload follows."""
PIECE_NUMBER: Final = 7
REQUEST_NUMBER: Final = 6
HAVE_NUMBER: Final = 4
REQUEST: Final = struct.Struct(">IBIII")
"""A whole request, cancel or reject."""
HAVE: Final = struct.Struct(">IBI")
"""A whole have or suggestion."""

_OFFSET_PLACE: Final = 9  # of a block's offset in its piece, in a request and in a header
_MAX_OFFSET: Final = 2**32 - 1
_MAX_RUN: Final = 64  # requests taken for one run; more blocks are not sent at once anyway

_T = TypeVar("_T")
_U32 = struct.Struct(">I")
_THREE = struct.Struct(">III")
_BARE: Final[dict[int, Message]] = {
    0: Choke(),
    1: Unchoke(),
    2: Interested(),
    3: NotInterested(),
    14: HaveAll(),
    15: HaveNone(),
}
_BARE_NUMBER: Final = {type(message): number for number, message in _BARE.items()}
_BLOCK_NUMBER: Final[dict[type[Message], int]] = {Request: 6, Cancel: 8, Reject: 16}
_BLOCK_TYPE: Final[dict[int, Callable[[int, int, int], Message]]] = {
    6: Request,
    8: Cancel,
    16: Reject,
}

KEEP_ALIVE: Final = b"\0\0\0\0"


def encode(message: Message) -> bytes:
    """Return the message as sent on the wire, length first."""
    match message:
        case KeepAlive():
            return KEEP_ALIVE
        case Have(piece):
            return HAVE.pack(5, HAVE_NUMBER, piece)
        case Suggest(piece):
            return HAVE.pack(5, 13, piece)
        case BitfieldMessage(bits):
            return HEAD.pack(1 + len(bits), 5) + bits
        case Request() | Cancel() | Reject():
            number = _BLOCK_NUMBER[type(message)]
            return REQUEST.pack(13, number, message.piece, message.begin, message.length)
        case Extended(number, payload):
            return HEAD.pack(2 + len(payload), 20) + bytes((number,)) + payload
        case Ignored(number):
            return HEAD.pack(1, number)
        case _:
            return HEAD.pack(1, _BARE_NUMBER[type(message)])


def encode_requests(runs: Iterable[BlockRun]) -> bytes:
    """Encode requests for all blocks of the runs, so that a burst costs one send."""
    return b"".join(map(_requests, runs))


def decode_requests(data: memoryview) -> BlockRun:
    """Return the longest run of requests at the start of `data`, which holds at least one.

    The numbers are unchecked. Requests that belong to no run are a run each.
    """
    _, _, piece, begin, size = REQUEST.unpack_from(data)
    most = min(
        len(data) // REQUEST.size, _MAX_RUN, (_MAX_OFFSET - begin) // size + 1 if size else 1
    )
    alone = BlockRun(piece, begin, 1, size)
    following = _requests(alone.part(1, 2)) if most > 1 else b""
    if most == 1 or data[REQUEST.size : 2 * REQUEST.size] != following:
        return alone
    count = count_equal(data, _requests(alone.part(0, most)), REQUEST.size, most)
    return alone.part(0, count)


def decode_haves(data: memoryview) -> list[int]:
    """Return the pieces of all haves at the start of `data`, unchecked; it holds at least one."""
    pieces: list[int] = []
    for length, number, piece in HAVE.iter_unpack(data[: len(data) // HAVE.size * HAVE.size]):
        if (length, number) != (5, HAVE_NUMBER):
            break
        pieces.append(piece)
    return pieces


def piece_headers(run: BlockRun) -> bytes:
    """Return the headers of all blocks of a run, 13 bytes each."""
    first = PIECE_HEADER.pack(9 + run.size, PIECE_NUMBER, run.piece, run.begin)
    return _ascending(first, run)


def count_equal(data: bytes | memoryview, expected: bytes, size: int, most: int) -> int:
    """Return how many of the first `most` items, of `size` bytes each, are the expected ones."""
    received = bytes(data[: most * size])  # views are compared byte by byte
    if received == expected[: most * size]:
        return most
    low, high = 0, most  # `low` items are equal, `high` are not
    while high - low > 1:
        middle = (low + high) // 2
        if received[low * size : middle * size] == expected[low * size : middle * size]:
            low = middle
        else:
            high = middle
    return low


def _requests(run: BlockRun) -> bytes:
    return _ascending(REQUEST.pack(13, REQUEST_NUMBER, run.piece, run.begin, run.size), run)


def _ascending(first: bytes, run: BlockRun) -> bytes:
    """Return the first block's message or header for every block, each with its own offset."""
    if run.count == 1:
        return first
    data = bytearray(first * run.count)
    # One assignment for all blocks: most of our messages are made here.
    for byte, values in enumerate(_offset_bytes(run.begin, run.count, run.size)):
        data[_OFFSET_PLACE + byte :: len(first)] = values
    return bytes(data)


@lru_cache(maxsize=64)  # nearly all runs are whole pieces
def _offset_bytes(begin: int, count: int, size: int) -> tuple[bytes, ...]:
    """Return the first bytes of the offsets of a run's blocks, their second ones, and so on."""
    offsets = struct.pack(f">{count}I", *range(begin, begin + count * size, size))
    return tuple(offsets[byte::4] for byte in range(4))


def decode(number: int, payload: bytes) -> Message:
    """Decode the message with this number and payload (the bytes after the number).

    Numbers inside are not checked against any torrent. Raises WireError when the payload does not
    fit the message, or for a piece, which is handled elsewhere.
    """
    bare = _BARE.get(number)
    if bare is not None:
        return _with_length(bare, payload, 0)
    if number in _BLOCK_TYPE:
        _with_length(number, payload, 12)
        return _BLOCK_TYPE[number](*_THREE.unpack(payload))
    if number == HAVE_NUMBER:
        return Have(_U32.unpack(_with_length(payload, payload, 4))[0])
    if number == 13:
        return Suggest(_U32.unpack(_with_length(payload, payload, 4))[0])
    if number == 5:
        return BitfieldMessage(payload)
    if number == 20:
        if not payload:
            raise WireError("an extended message without a number")
        return Extended(payload[0], payload[1:])
    if number == PIECE_NUMBER:
        raise WireError("a piece message of impossible length")
    return Ignored(number)


def _with_length(value: _T, payload: bytes, expected: int) -> _T:
    if len(payload) != expected:
        raise WireError(f"a message of {len(payload)} bytes where {expected} belong")
    return value
