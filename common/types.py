"""Small values shared by all packages."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import NamedTuple, NewType

from common.errors import ErrorCode, MinitorrentError
from common.text import harmless

InfoHash = NewType("InfoHash", bytes)
"""SHA-1 of the bencoded info dictionary: 20 bytes (BEP 3)."""

PeerId = NewType("PeerId", bytes)
"""A client's identifier for one run: 20 bytes (BEP 20)."""

PieceIndex = NewType("PieceIndex", int)
"""A piece's index, from 0, checked against the torrent's geometry."""

BLOCK_SIZE = 16 * 1024
"""Bytes in one request; every client accepts this size (BEP 3)."""


_PORT = re.compile("[0-9]{1,5}")
_LARGEST_PORT = 65535
_LONGEST = 300
"""Longest address shown, in characters: host names have at most 253."""


class Block(NamedTuple):
    """A run of bytes inside a piece: piece number, offset in the piece, length (bytes)."""

    piece: PieceIndex
    begin: int
    length: int


@dataclass(frozen=True, slots=True)
class BlockRun:
    """`count` adjacent blocks of one piece (at least one), each of `size` bytes, from `begin` on.

    The numbers may be a peer's own, unchecked ones.
    """

    piece: int
    begin: int
    count: int
    size: int

    @property
    def length(self) -> int:
        """Bytes of all its blocks."""
        return self.count * self.size

    @property
    def extent(self) -> Block:
        """The bytes of all its blocks, as one."""
        return Block(PieceIndex(self.piece), self.begin, self.length)

    def blocks(self) -> list[Block]:
        """Return the blocks, in order."""
        piece, size = PieceIndex(self.piece), self.size
        return [Block(piece, self.begin + n * size, size) for n in range(self.count)]

    def part(self, start: int, stop: int) -> BlockRun:
        """Return the blocks numbered `start` to `stop` - 1 of this run, at least one."""
        return BlockRun(self.piece, self.begin + start * self.size, stop - start, self.size)


class Endpoint(NamedTuple):
    """A host (IPv4, IPv6 or name, IPv6 without brackets) and a TCP port (0 to 65535)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """Read `HOST:PORT` or `[IPv6]:PORT`.

        Raises MinitorrentError(usage) when the text is neither.
        """
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
            valid = isinstance(_ip_address(host), ipaddress.IPv6Address)
        else:
            valid = bool(host) and not any(c in ":[]" or c.isspace() for c in host)
        if not (colon and valid and _PORT.fullmatch(port) and int(port) <= _LARGEST_PORT):
            raise MinitorrentError(
                ErrorCode.USAGE,
                f"{harmless(text, _LONGEST)!r} is not an address; write HOST:PORT or [IPv6]:PORT.",
            )
        return cls(host, int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        address = _ip_address(self.host)
        return self.host == "localhost" if address is None else address.is_loopback

    @property
    def is_unspecified(self) -> bool:
        """Whether the host stands for all addresses of this machine."""
        address = _ip_address(self.host)
        return address is not None and address.is_unspecified


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def plain_address(text: str) -> str:
    """Return an IP address as other members can use it; mapped IPv4 becomes plain IPv4.

    Raises ValueError if the text is not an IP address.
    """
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def info_hash_from_hex(text: str) -> InfoHash:
    """Read 40 hexadecimal digits; raises ValueError otherwise."""
    return InfoHash(_twenty_bytes(text))


def peer_id_from_hex(text: str) -> PeerId:
    """Read 40 hexadecimal digits; raises ValueError otherwise."""
    return PeerId(_twenty_bytes(text))


def _twenty_bytes(text: str) -> bytes:
    value = bytes.fromhex(text)
    if len(value) != 20:
        raise ValueError("expected 40 hexadecimal digits")
    return value
