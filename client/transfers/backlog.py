"""Complete transfers that a login has not loaded yet: there may be very many."""

from __future__ import annotations

from typing import Final

from client.state.transfers import TransferRecord, TransferStore

CHUNK: Final = 64
"""Transfers loaded at a time; the first chunk is loaded before the login returns."""


class Backlog:
    """A user's complete transfers at the moment of login, oldest first.

    `groups` are the groups the user is in, `left` those that the user has left since. `settled`
    are (group, name) pairs that were added or discarded in the meantime. The transfer manager's
    lock guards all three.
    """

    def __init__(self, store: TransferStore, user: str, groups: set[str], until: int) -> None:
        self.user = user
        self.groups = groups
        self.left: set[str] = set()
        self.settled: set[tuple[str, str]] = set()
        self._store = store
        self._after = 0
        self._until = until

    def take(self) -> list[TransferRecord]:
        """Return the next records, or none at the end."""
        taken = self._store.list_complete(self.user, self._after, self._until, CHUNK)
        if taken:
            self._after = taken[-1].id
        return taken

    def rest(self) -> list[TransferRecord]:
        """Return all records that were not taken yet."""
        return self._store.list_complete(self.user, self._after, self._until)
