"""Everything the client remembers, opened and closed together."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from client.state.database import Database
from client.state.settings import Settings
from client.state.transfers import Transfers


class ClientState:
    """The transfers and settings kept in the file at `path` (see Database.open for errors)."""

    def __init__(self, path: Path) -> None:
        self._database = Database.open(path)
        self.transfers = Transfers(self._database)
        self.settings = Settings(self._database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; may be called again."""
        self._database.close()
