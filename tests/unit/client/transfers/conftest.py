"""Transfers of four pieces of one block each."""

from __future__ import annotations

import pytest

from client.state.database import Database
from tests.support.fake_transfers import TransferLab
from tests.unit.client.storage.contents import PIECE, describe, random_bytes

CONTENT = random_bytes(4 * PIECE)
DESCRIBED = describe(CONTENT)


@pytest.fixture
def lab(database: Database) -> TransferLab:
    return TransferLab(database)
