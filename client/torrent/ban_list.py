"""The list of banned parties that all torrents of a client and its listener share."""

from __future__ import annotations

import threading

from client.core.admission.bans import Bans
from client.core.admission.party import Address, Login, Party, network
from client.net.transports.group_tls import Membership


class BanList:
    """The bans of all torrents of this client, until it ends (see Bans). Thread-safe."""

    def __init__(self) -> None:
        self._bans = Bans()
        self._lock = threading.Lock()

    def ban(self, party: Party) -> bool:
        """Ban this party; returns False when it was banned already."""
        with self._lock:
            is_new = not self._bans.refuses(party)
            self._bans.ban(party)
            return is_new

    def refuses(self, party: Party) -> bool:
        """Return whether this party is banned."""
        with self._lock:
            return self._bans.refuses(party)

    def refuses_member(self, authority: str, user: str) -> bool:
        """Return whether a member of a sealed group is banned with all logins."""
        with self._lock:
            return self._bans.refuses_member(authority, user)

    def refuses_caller(self, host: str, membership: Membership | None) -> bool:
        """Return whether a peer that dials us from this IP address is banned."""
        return self.refuses(party_of(host, membership))


def party_of(host: str, membership: Membership | None, user: str | None = None) -> Party:
    """Return the party behind a connection; `user` is the one listed at a dialled endpoint."""
    if membership is None:
        return Address(network(host), user)
    return Login(membership.group_tls.authority, membership.user, membership.holder)
