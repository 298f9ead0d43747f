"""Which stock clients keep sealed content sealed, judged by what they call themselves (BEP 20).

A client that doesn't know `ssl-cert` ignores it, and would offer and ask for sealed content in
plain text; so it is told of nobody. A peer id can be made up: this keeps honest clients from a
mistake, and certificates keep out the others.
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


def supports_sealed(peer_id: PeerId) -> bool:
    """Whether this client is known to support SSL torrents."""
    return _SUPPORTING.match(peer_id) is not None
