"""Which of a client's addresses another client may know."""

from __future__ import annotations

from collections.abc import Iterable

from common.addresses import is_ipv6, is_public
from common.types import Endpoint
from tracker.domain.selection import Peer


def encode(endpoints: Iterable[Endpoint]) -> str:
    """Return addresses as they are stored."""
    return " ".join(map(str, endpoints))


def decode(text: str) -> list[Endpoint]:
    """Return stored addresses."""
    return [Endpoint.parse(one) for one in text.split()]


def others_for(peer: Peer, host: str) -> list[Endpoint]:
    """Return a peer's addresses besides its main one, for a client that comes from `host`.

    Those inside its own network only if both come from the same public address: elsewhere they
    belong to strangers.
    """
    found = [Endpoint(peer.other_host, peer.other_port)] if peer.other_port else []
    if peer.local and peer.host == host:
        found += decode(peer.local)
    return found


def may_add(address: str, host: str) -> bool:
    """Whether a client with a session from `host` may be dialled at `address`, too: a public one of
    the other family, where the tracker has seen that same client."""
    return is_public(address) and is_ipv6(address) != is_ipv6(host)
