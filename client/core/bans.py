"""Who is never talked to again in this run of the client, whatever he calls himself."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from client.core.party import Login, Party

MAX_BANNED: Final = 4096
"""Addresses, and members, that are remembered each; the oldest ban is forgotten first."""

LOGINS: Final = 2
"""When so many logins of a member were banned, the member is, whatever login comes next."""

USERS: Final = 3
"""When so many members at an address were banned, everybody there is."""


class Bans:
    """What was banned, over all torrents of a client. For one thread at a time.

    In sealed groups a login is banned, so that a member's other machines go on. In open groups an
    address is: nobody there may dial us any more. Several members may share it, so we still dial
    those whom the tracker names there and who were not caught.
    """

    def __init__(self) -> None:
        self._members: OrderedDict[tuple[str, str], set[str]] = OrderedDict()
        self._addresses: OrderedDict[str, set[str]] = OrderedDict()

    def __repr__(self) -> str:
        return f"Bans({len(self._members)} members, {len(self._addresses)} addresses)"

    def ban(self, party: Party) -> None:
        """Talk to this party no more."""
        if isinstance(party, Login):
            holders = self._members.setdefault((party.authority, party.user), set())
            if len(holders) < LOGINS:
                holders.add(party.holder)
            _bound(self._members)
        else:
            users = self._addresses.setdefault(party.network, set())
            if party.user is not None and len(users) < USERS:
                users.add(party.user)
            _bound(self._addresses)

    def refuses(self, party: Party) -> bool:
        """Whether this party was banned."""
        if isinstance(party, Login):
            holders = self._members.get((party.authority, party.user), set())
            return party.holder in holders or len(holders) >= LOGINS
        users = self._addresses.get(party.network)
        if users is None:
            return False
        return party.user is None or party.user in users or len(users) >= USERS

    def refuses_member(self, authority: str, user: str) -> bool:
        """Whether a member of a sealed group was banned with all his logins."""
        return len(self._members.get((authority, user), ())) >= LOGINS


def _bound(banned: OrderedDict[tuple[str, str], set[str]] | OrderedDict[str, set[str]]) -> None:
    if len(banned) > MAX_BANNED:
        banned.popitem(last=False)
