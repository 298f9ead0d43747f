"""Peers banned for the rest of this run of the client, under any peer id."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from client.core.admission.party import Login, Party

MAX_BANNED: Final = 4096
"""Limit for addresses and, separately, for members; the oldest ban is dropped first."""

LOGINS_UNTIL_MEMBER_BAN: Final = 2
"""Number of banned logins after which the member is banned under any login."""

USERS_UNTIL_ADDRESS_BAN: Final = 3
"""Number of banned members at one address after which the whole address is banned."""


class Bans:
    """The bans of all torrents of a client. Not thread-safe.

    In sealed groups we ban a login, so that the member's other machines can stay. In open groups
    we ban an address: it may no longer dial us. Several members may share an address, so we still
    dial members that the tracker lists there and that were not caught.
    """

    def __init__(self) -> None:
        self._members: OrderedDict[tuple[str, str], set[str]] = OrderedDict()
        self._addresses: OrderedDict[str, set[str]] = OrderedDict()

    def ban(self, party: Party) -> None:
        """Ban this party."""
        if isinstance(party, Login):
            holders = self._members.setdefault((party.authority, party.user), set())
            if len(holders) < LOGINS_UNTIL_MEMBER_BAN:
                holders.add(party.holder)
            _bound(self._members)
        else:
            users = self._addresses.setdefault(party.network, set())
            if party.user is not None and len(users) < USERS_UNTIL_ADDRESS_BAN:
                users.add(party.user)
            _bound(self._addresses)

    def refuses(self, party: Party) -> bool:
        """Return whether this party is banned."""
        if isinstance(party, Login):
            holders = self._members.get((party.authority, party.user), set())
            return party.holder in holders or len(holders) >= LOGINS_UNTIL_MEMBER_BAN
        users = self._addresses.get(party.network)
        if users is None:
            return False
        return party.user is None or party.user in users or len(users) >= USERS_UNTIL_ADDRESS_BAN

    def refuses_member(self, authority: str, user: str) -> bool:
        """Return whether a member of a sealed group is banned with all logins."""
        return len(self._members.get((authority, user), ())) >= LOGINS_UNTIL_MEMBER_BAN


def _bound(banned: OrderedDict[tuple[str, str], set[str]] | OrderedDict[str, set[str]]) -> None:
    if len(banned) > MAX_BANNED:
        banned.popitem(last=False)
