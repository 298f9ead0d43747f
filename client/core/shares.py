"""How the descriptors that a process may have are shared out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_RESERVED: Final = 64
"""For what is always open, and is not counted one by one: database, tracker, log, page."""

_MOST_CONNECTIONS: Final = 500
"""Each has two threads, too."""

_MOST_HANDSHAKES: Final = 64
_MOST_DIALS: Final = 16
_MOST_FILES: Final = 8192


@dataclass(frozen=True, slots=True)
class Shares:
    """What one client may have open at once, over all its torrents.

    `files` are descriptors of content, `connections` are to peers, `handshakes` are connections
    that have yet to say who they are, `dials` those that we are making.
    """

    files: int
    connections: int
    handshakes: int
    dials: int

    @classmethod
    def of(cls, descriptors: int | None) -> Shares:
        """Of a process that may have so many descriptors; None: as many as it likes."""
        if descriptors is None:
            descriptors = 2 * _MOST_FILES
        spare = max(24, descriptors - max(_RESERVED, descriptors // 8))
        return cls(
            files=min(_MOST_FILES, spare // 2),
            connections=min(_MOST_CONNECTIONS, spare // 3),
            handshakes=min(_MOST_HANDSHAKES, spare // 12),
            dials=min(_MOST_DIALS, spare // 12),
        )
