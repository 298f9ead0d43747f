"""The client's one list of bans, shared by its torrents and its door."""

from __future__ import annotations

import threading

from client.core.bans import Bans
from client.core.party import Address, Login, Party, network
from client.net.group_tls import Membership


class Banned:
    """Bans over all torrents of this client, for its run. Safe to use from several threads."""

    def __init__(self) -> None:
        self._bans = Bans()
        self._lock = threading.Lock()

    def ban(self, party: Party) -> bool:
        """Talk to this party no more; False when that was so already."""
        with self._lock:
            is_new = not self._bans.refuses(party)
            self._bans.ban(party)
            return is_new

    def refuses(self, party: Party) -> bool:
        """Whether this party was banned."""
        with self._lock:
            return self._bans.refuses(party)

    def refuses_member(self, authority: str, user: str) -> bool:
        """Whether a member of a sealed group was banned with all his logins."""
        with self._lock:
            return self._bans.refuses_member(authority, user)

    def refuses_caller(self, host: str, membership: Membership | None) -> bool:
        """Whether nobody who dials us from this IP address, and proves this, is listened to."""
        return self.refuses(party_of(host, membership))


def party_of(host: str, membership: Membership | None, user: str | None = None) -> Party:
    """Whom a connection is put down to; `user` is whom the tracker names where we dialled."""
    if membership is None:
        return Address(network(host), user)
    return Login(membership.seal.authority, membership.user, membership.holder)
