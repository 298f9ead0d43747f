"""What is peculiar to some stock clients, judged by what they call themselves (BEP 20).

A peer id can be made up: this keeps honest clients from a mistake, and certificates keep out the
others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from common.types import PeerId


class AnnouncedClient(NamedTuple):
    """A user's client as it announced itself: over a session, or, if it has none, over HTTP."""

    user: str
    peer_id: PeerId
    has_session: bool


_SUPPORTING = re.compile(
    rb"-(?:"
    rb"LT[2-9]"  # libtorrent 2 and later
    rb"|qB[4-9]"  # qBittorrent 4 and later, which is libtorrent underneath
    rb")[0-9A-Z]{3}-"
)
_ARIA2 = re.compile(rb"A2-")
_VERSION = 8


def supports_sealed(peer_id: PeerId) -> bool:
    """Whether this client is known to support SSL torrents.

    One that doesn't know `ssl-cert` ignores it, and would offer and ask for sealed content in
    plain text; so it is told of nobody.
    """
    return _SUPPORTING.match(peer_id) is not None


def identify(clients: Sequence[AnnouncedClient], shown: PeerId) -> str | None:
    """Whose client shows this peer id, given the clients at the address that it comes from.

    Ours have one peer id. Some stock clients, libtorrent for one, show another at every
    connection; but always the same client and version, which are its first eight bytes (BEP 20).
    """
    for client in clients:
        if client.peer_id == shown:
            return client.user
    for client in clients:
        if not client.has_session and client.peer_id[:_VERSION] == shown[:_VERSION]:
            return client.user
    return None


def may_lack_something(peer_id: PeerId, left: int) -> bool:
    """Whether a client that says that it lacks `left` bytes may lack any.

    While it has only a magnet link, a client doesn't know how much it lacks. Most make something
    up; aria2 says 0.
    """
    return left > 0 or _ARIA2.match(peer_id) is not None
