"""The little of uTP (BEP 29) that it takes to refuse it.

Stock clients dial over uTP first. One that gets no answer tries for half a minute and takes the
peer for unreachable for a quarter of an hour then; one that is refused dials over TCP at once.
"""

from __future__ import annotations

import struct
from typing import Final

_HEADER: Final = struct.Struct(">BBHIIIHH")
"""Type and version, extension, connection id, two times, window, sequence, acknowledgement."""

_VERSION: Final = 1
_RESET, _SYN = 3, 4


def refusal(packet: bytes) -> bytes | None:
    """The answer that ends an attempt to connect; None for whatever else a packet is.

    It is never longer than what it answers, and is never answered itself.
    """
    if len(packet) < _HEADER.size:
        return None
    kind, _, connection, sent_at, _, _, sequence, _ = _HEADER.unpack_from(packet)
    if kind != _SYN << 4 | _VERSION:
        return None
    return _HEADER.pack(_RESET << 4 | _VERSION, 0, connection, sent_at, 0, 0, 0, sequence)
