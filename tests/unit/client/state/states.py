"""Open the client's database and its stores; closed at the end of the block."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from client.state.database import Database
from client.state.settings import Settings
from client.state.transfers import TransferStore


class ClientState:
    def __init__(self, path: Path) -> None:
        self.database = Database.open(path)
        self.transfers = TransferStore(self.database)
        self.settings = Settings(self.database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()
