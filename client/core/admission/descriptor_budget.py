"""How many descriptors this process may use for content, connections, handshakes and dials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_RESERVED: Final = 64
"""For files that are always open and not counted singly: database, tracker, log, page."""

_MOST_CONNECTIONS: Final = 500
"""Each connection has two threads as well."""

_MOST_HANDSHAKES: Final = 64
_MOST_DIALS: Final = 16
_MOST_FILES: Final = 8192

_MIN_SPARE: Final = 24
"""Descriptors divided up even when the limit is too low: enough for two of each kind."""


@dataclass(frozen=True, slots=True)
class DescriptorBudget:
    """What one client may have open at once, over all its torrents.

    `files` are descriptors of content, `connections` are to peers, `handshakes` are connections
    whose peer is not identified yet, `dials` are connection attempts of ours.
    """

    files: int
    connections: int
    handshakes: int
    dials: int

    @classmethod
    def of(cls, descriptors: int | None) -> DescriptorBudget:
        """Return the budget for a descriptor limit; None means no limit.

        Of what is spare, half is for content, a third for connections, and a twelfth each for
        handshakes and dials.
        """
        if descriptors is None:
            descriptors = 2 * _MOST_FILES
        spare = max(_MIN_SPARE, descriptors - max(_RESERVED, descriptors // 8))
        return cls(
            files=min(_MOST_FILES, spare // 2),
            connections=min(_MOST_CONNECTIONS, spare // 3),
            handshakes=min(_MOST_HANDSHAKES, spare // 12),
            dials=min(_MOST_DIALS, spare // 12),
        )
