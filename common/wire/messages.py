"""The messages that peers exchange after their handshakes (BEP 3, BEP 6, BEP 10).

`piece` is not among them: its payload moves straight between socket and piece buffer, so only its
13-byte header is represented, in `common.wire.codec`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


class WireError(Exception):
    """The other side violated the protocol; the connection must be closed."""


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """Empty; sent so that the other side doesn't time out the connection."""


@dataclass(frozen=True, slots=True)
class Choke:
    """The sender will not answer requests for now."""


@dataclass(frozen=True, slots=True)
class Unchoke:
    """The sender answers requests from now on."""


@dataclass(frozen=True, slots=True)
class Interested:
    """The sender wants pieces that the receiver has."""


@dataclass(frozen=True, slots=True)
class NotInterested:
    """The sender wants nothing that the receiver has."""


@dataclass(frozen=True, slots=True)
class Have:
    """The sender has verified this piece. The number is unchecked."""

    piece: int


@dataclass(frozen=True, slots=True)
class Suggest:
    """The sender suggests that the receiver request this piece (BEP 6). The number is unchecked."""

    piece: int


@dataclass(frozen=True, slots=True)
class BitfieldMessage:
    """Which pieces the sender has, one bit each, the first in the highest bit. Unchecked."""

    bits: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """The sender asks for `length` bytes at `begin` in a piece. The numbers are unchecked."""

    piece: int
    begin: int
    length: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """The sender no longer wants what it requested."""

    piece: int
    begin: int
    length: int


@dataclass(frozen=True, slots=True)
class HaveAll:
    """The sender has every piece (BEP 6)."""


@dataclass(frozen=True, slots=True)
class HaveNone:
    """The sender has no piece (BEP 6)."""


@dataclass(frozen=True, slots=True)
class Reject:
    """The sender will not answer this request (BEP 6)."""

    piece: int
    begin: int
    length: int


@dataclass(frozen=True, slots=True)
class Extended:
    """A message of the extension protocol; number 0 is its handshake (BEP 10)."""

    number: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that this client ignores: unknown, allowed fast, DHT port."""

    number: int


Message: TypeAlias = (
    KeepAlive
    | Choke
    | Unchoke
    | Interested
    | NotInterested
    | Have
    | Suggest
    | BitfieldMessage
    | Request
    | Cancel
    | HaveAll
    | HaveNone
    | Reject
    | Extended
    | Ignored
)
