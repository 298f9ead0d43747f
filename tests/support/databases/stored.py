"""What a client's database has."""

from __future__ import annotations

import sys

from client.state.transfers import TransferRecord, TransferStore


def transfers_of(store: TransferStore, user: str) -> list[TransferRecord]:
    """Return all transfers of a user, oldest first."""
    complete = store.list_complete(user, 0, sys.maxsize)
    return sorted([*store.list_unfinished(user), *complete], key=lambda record: record.id)
