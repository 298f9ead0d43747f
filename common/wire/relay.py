"""What a client and a tracker's relay say to each other, before the relay passes everything on."""

from __future__ import annotations

from typing import Final

FIRST_BYTE: Final = b"\x05"
"""The first byte of a connection to the relay, at a tracker's session port; TLS has 0x16 there."""

JOINED: Final = FIRST_BYTE + b"relay"
"""The relay's answer, once the other client is there. What follows is the other client's."""

_TICKET: Final = 16

REQUEST_LENGTH: Final = len(JOINED) + _TICKET


def encode_request(ticket: str) -> bytes:
    """Return the bytes with which a client presents its ticket (hex)."""
    return JOINED + bytes.fromhex(ticket)


def decode_request(data: bytes) -> str | None:
    """Return the ticket (hex) in REQUEST_LENGTH bytes; None if they are something else."""
    if len(data) != REQUEST_LENGTH or not data.startswith(JOINED):
        return None
    return data[-_TICKET:].hex()
