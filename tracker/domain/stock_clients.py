"""Peculiarities of stock clients, identified by their peer ids (BEP 20).

Peer ids can be forged: these rules protect honest clients from mistakes; certificates keep others
out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from common.types import PeerId


class AnnouncedClient(NamedTuple):
    """A user's client as announced, over a session or over HTTP, with its `local` addresses."""

    user: str
    peer_id: PeerId
    has_session: bool
    local: str = ""


_SUPPORTING = re.compile(
    rb"-(?:"
    rb"LT[2-9]"  # libtorrent 2 and later
    rb"|qB[4-9]"  # qBittorrent 4 and later, which is libtorrent underneath
    rb")[0-9A-Z]{3}-"
)
_ARIA2 = re.compile(rb"A2-")
_VERSION = 8


def supports_sealed(peer_id: PeerId) -> bool:
    """Return whether this client is known to support SSL torrents.

    A client that doesn't know `ssl-cert` ignores it, and would offer and request sealed content in
    plain text; so it gets no peers.
    """
    return _SUPPORTING.match(peer_id) is not None


def identify(clients: Sequence[AnnouncedClient], shown: PeerId) -> str | None:
    """Return the user of the client with this peer id, among the clients at its address.

    Our clients have one peer id. Some stock clients, such as libtorrent, use another for every
    connection, but always with the same client and version, the first eight bytes (BEP 20).
    """
    for client in clients:
        if client.peer_id == shown:
            return client.user
    for client in clients:
        if not client.has_session and client.peer_id[:_VERSION] == shown[:_VERSION]:
            return client.user
    return None


def may_lack_something(peer_id: PeerId, left: int) -> bool:
    """Return whether a client that announces `left` bytes may lack any.

    With only a magnet link, a client doesn't know how much it lacks. Most make up a number; aria2
    announces 0.
    """
    return left > 0 or _ARIA2.match(peer_id) is not None
