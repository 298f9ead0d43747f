"""The handshake of 68 bytes that opens a peer connection, and the extension handshake (BEP 3, 6,
10).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import bencode2

from common.bencoding import BencodeError, Reader, Scalar
from common.types import InfoHash, PeerId
from common.wire.messages import WireError

HANDSHAKE_LENGTH: Final = 68

EXTENSION_HANDSHAKE: Final = 0
"""The number of the extension handshake among extended messages (BEP 10)."""
_PROTOCOL: Final = b"\x13BitTorrent protocol"
_EXTENSION_BIT: Final = 0x10  # byte 5, BEP 10
_FAST_BIT: Final = 0x04  # byte 7, BEP 6
_RESERVED: Final = bytes((0, 0, 0, 0, 0, _EXTENSION_BIT, 0, _FAST_BIT))
_MAX_CLIENT_NAME: Final = 64
MAX_HANDSHAKE_SIZE: Final = 16 * 1024
"""Longest extension handshake in bytes; those of stock clients have a few hundred."""

_MAX_VALUES: Final = 1000
_MAX_DEPTH: Final = 10
_UT_METADATA: Final = b"ut_metadata"


@dataclass(frozen=True, slots=True)
class Handshake:
    """The torrent, the peer and its extensions: `fast` is BEP 6, `extended` is BEP 10."""

    info_hash: InfoHash
    peer_id: PeerId
    fast: bool = True
    extended: bool = True

    def encode(self) -> bytes:
        """Return the 68 bytes to send."""
        reserved = bytearray(_RESERVED)
        if not self.fast:
            reserved[7] = 0
        if not self.extended:
            reserved[5] = 0
        return _PROTOCOL + bytes(reserved) + self.info_hash + self.peer_id

    @staticmethod
    def check_prefix(data: bytes) -> None:
        """Raise WireError as soon as the first bytes can't begin a handshake."""
        if data[:20] != _PROTOCOL[: len(data)]:
            raise WireError("not a BitTorrent handshake")

    @classmethod
    def decode(cls, data: bytes) -> Handshake:
        """Read 68 bytes; raises WireError when they are no handshake."""
        if len(data) != HANDSHAKE_LENGTH or data[:20] != _PROTOCOL:
            raise WireError("not a BitTorrent handshake")
        reserved = data[20:28]
        return cls(
            InfoHash(data[28:48]),
            PeerId(data[48:68]),
            fast=bool(reserved[7] & _FAST_BIT),
            extended=bool(reserved[5] & _EXTENSION_BIT),
        )


@dataclass(frozen=True, slots=True)
class ExtensionHandshake:
    """A peer's description of itself (BEP 10).

    `max_requests` is the length of its request queue (`reqq`), `port` the port it listens on,
    `upload_only` that it wants nothing; `is_mapped`, ours alone, that a router maps its port to be
    dialled from outside. `metadata_number` is the number under which it accepts
    metadata messages (BEP 9), `metadata_size` the length of its info dictionary in bytes.
    """

    client: str = ""
    max_requests: int | None = None
    port: int | None = None
    upload_only: bool = False
    is_mapped: bool = False
    metadata_number: int | None = None
    metadata_size: int | None = None

    def encode(self, your_host: str) -> bytes:
        """Return the payload after the number 0; `your_host` is the other side's address as we see
        it.
        """
        numbers = {} if self.metadata_number is None else {_UT_METADATA: self.metadata_number}
        fields: dict[bytes, object] = {b"m": numbers, b"v": self.client.encode()}
        if self.metadata_size is not None:
            fields[b"metadata_size"] = self.metadata_size
        if self.max_requests is not None:
            fields[b"reqq"] = self.max_requests
        if self.port is not None:
            fields[b"p"] = self.port
        if self.upload_only:
            fields[b"upload_only"] = 1
        if self.is_mapped:
            fields[b"mapped"] = 1
        with suppress(ValueError):  # a host name: omit the field
            fields[b"yourip"] = ipaddress.ip_address(your_host.partition("%")[0]).packed
        return bencode2.bencode(fields)

    @classmethod
    def decode(cls, payload: bytes) -> ExtensionHandshake:
        """Parse the payload after the number 0, ignoring fields of the wrong type.

        Raises WireError when it is not a bencoded dictionary, or larger than any honest one.
        """
        fields, numbers = _read_fields(payload)
        client, number = fields.get(b"v"), numbers.get(_UT_METADATA)
        return cls(
            client=printable(client) if isinstance(client, bytes) else "",
            max_requests=_bounded(fields.get(b"reqq"), 1, 1_000_000),
            port=_bounded(fields.get(b"p"), 1, 65535),
            upload_only=fields.get(b"upload_only") == 1,
            is_mapped=fields.get(b"mapped") == 1,
            metadata_number=_bounded(number, 1, 255),
            metadata_size=_bounded(fields.get(b"metadata_size"), 1, 2**31),
        )


def _read_fields(payload: bytes) -> tuple[Mapping[bytes, Scalar], Mapping[bytes, Scalar]]:
    """Return the fields, and the extensions' numbers (the field `m`)."""
    if len(payload) > MAX_HANDSHAKE_SIZE:
        raise WireError(f"an extension handshake of {len(payload)} bytes")
    reader = Reader(payload, max_values=_MAX_VALUES, max_depth=_MAX_DEPTH)
    fields: dict[bytes, Scalar] = {}
    numbers: dict[bytes, Scalar] = {}
    try:
        for key in reader.dictionary():
            if key == b"m" and reader.is_at_dictionary():
                numbers = {name: reader.scalar() for name in reader.dictionary()}
            else:
                fields[key] = reader.scalar()
    except BencodeError as error:
        raise WireError("an extension handshake that is not bencoded") from error
    if reader.position != len(payload):
        raise WireError("an extension handshake with trailing bytes")
    return fields, numbers


def printable(name: bytes) -> str:
    """Return a client's name as printable text: no control characters, at most 64 characters."""
    text = name.decode("utf-8", "replace")[:_MAX_CLIENT_NAME]
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def client_name(peer_id: PeerId) -> str:
    """Return the client named by a peer id, `TR 3000` for `-TR3000-...` (BEP 20), or "unknown"."""
    head = bytes(peer_id[:8])
    if head[:1] == b"-" and head[7:] == b"-" and head[1:7].isalnum():
        return f"{head[1:3].decode()} {head[3:7].decode()}"
    if peer_id[:2] == b"A2":
        return "aria2"
    return "unknown"


def _bounded(value: object, low: int, high: int) -> int | None:
    return value if isinstance(value, int) and low <= value <= high else None
