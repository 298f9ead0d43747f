"""What is peculiar to some stock clients, judged by what they call themselves (BEP 20).

A peer id can be made up: this keeps honest clients from a mistake, and certificates keep out the
others.
"""

from __future__ import annotations

import re

from common.types import PeerId

_SUPPORTING = re.compile(
    rb"-(?:"
    rb"LT[2-9]"  # libtorrent 2 and later
    rb"|qB[4-9]"  # qBittorrent 4 and later, which is libtorrent underneath
    rb")[0-9A-Z]{3}-"
)
_ARIA2 = re.compile(rb"A2-")


def supports_sealed(peer_id: PeerId) -> bool:
    """Whether this client is known to support SSL torrents.

    One that doesn't know `ssl-cert` ignores it, and would offer and ask for sealed content in
    plain text; so it is told of nobody.
    """
    return _SUPPORTING.match(peer_id) is not None


def may_lack_something(peer_id: PeerId, left: int) -> bool:
    """Whether a client that says that it lacks `left` bytes may lack any.

    While it has only a magnet link, a client doesn't know how much it lacks. Most make something
    up; aria2 says 0.
    """
    return left > 0 or _ARIA2.match(peer_id) is not None
