"""The part of uTP (BEP 29) needed to refuse it.

Stock clients dial over uTP first. Without an answer they retry for half a minute and then treat the
peer as unreachable for a quarter of an hour; after a refusal they dial over TCP at once.
"""

from __future__ import annotations

import struct
from typing import Final

_HEADER: Final = struct.Struct(">BBHIIIHH")
"""Type and version, extension, connection id, two timestamps, window, sequence, acknowledgement."""

_VERSION: Final = 1
_RESET, _SYN = 3, 4


def refusal(packet: bytes) -> bytes | None:
    """Return the packet that resets a connection attempt, or None for any other packet.

    It is never longer than the packet it answers, and never triggers an answer itself.
    """
    if len(packet) < _HEADER.size:
        return None
    kind, _, connection, sent_at, _, _, sequence, _ = _HEADER.unpack_from(packet)
    if kind != _SYN << 4 | _VERSION:
        return None
    return _HEADER.pack(_RESET << 4 | _VERSION, 0, connection, sent_at, 0, 0, 0, sequence)
