"""Open the client's database and its stores; closed at the end of the block."""

from __future__ import annotations

from pathlib import Path

from client.state.database import Database
from client.state.settings import Settings
from client.state.transfers import TransferStore
from tests.support.closing import Closing


class ClientState(Closing):
    def __init__(self, path: Path) -> None:
        self.database = Database.open(path)
        self.transfers = TransferStore(self.database)
        self.settings = Settings(self.database)

    def close(self) -> None:
        """Close the database."""
        self.database.close()
