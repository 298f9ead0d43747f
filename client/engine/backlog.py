"""Complete transfers that a login has not taken up yet: there may be very many."""

from __future__ import annotations

from typing import Final

from client.state.transfers import TransferRecord, Transfers

CHUNK: Final = 64
"""Transfers that are taken up at a time; so many before a login is answered."""


class Backlog:
    """What a user shares, the oldest first, as far as it was there when he logged in.

    `groups` are those that he is in, `left` those that he has left since. `settled` are groups and
    names of what came in another way, or is not to come any more. The collection guards them.
    """

    def __init__(self, store: Transfers, user: str, groups: set[str], until: int) -> None:
        self.user = user
        self.groups = groups
        self.left: set[str] = set()
        self.settled: set[tuple[str, str]] = set()
        self._store = store
        self._after = 0
        self._until = until

    def take(self) -> list[TransferRecord]:
        """The next of them, none when all were taken."""
        taken = self._store.list_complete(self.user, self._after, self._until, CHUNK)
        if taken:
            self._after = taken[-1].id
        return taken

    def rest(self) -> list[TransferRecord]:
        """All that were not taken yet."""
        return self._store.list_complete(self.user, self._after, self._until)
