"""Transfers of four pieces of one block each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.state.database import Database
from client.transfers.transfer import Transfer
from tests.support.fakes.transfers import TransferLab
from tests.unit.client.storage.contents import PIECE, describe, random_bytes

CONTENT = random_bytes(4 * PIECE)
DESCRIBED = describe(CONTENT)


@pytest.fixture
def lab(database: Database) -> TransferLab:
    return TransferLab(database)


@pytest.fixture
def final(tmp_path: Path) -> Path:
    """Where the content belongs."""
    return tmp_path / "data" / "content"


@pytest.fixture
def download(lab: TransferLab, final: Path) -> Iterator[Transfer]:
    """A download that was not started yet."""
    final.parent.mkdir()
    transfer = lab.open(lab.record(DESCRIBED, final))
    yield transfer
    transfer.halt()


@pytest.fixture
def active(lab: TransferLab, download: Transfer) -> Transfer:
    """A download that waits for peers."""
    download.start()
    lab.jobs.run()
    return download


@pytest.fixture
def partial(lab: TransferLab, active: Transfer) -> Transfer:
    """A download that has two pieces."""
    seeder = lab.seeder(active, CONTENT)
    seeder.give(2)
    seeder.connection.end()
    return active


@pytest.fixture
def complete(lab: TransferLab, active: Transfer) -> Transfer:
    """A download that has finished, and seeds."""
    lab.seeder(active, CONTENT).give()
    lab.jobs.run()
    lab.happened.clear()
    return active


@pytest.fixture
def upload(lab: TransferLab, final: Path) -> Iterator[Transfer]:
    """A share of the user's own file that was hashed before, and not started yet."""
    final.parent.mkdir(exist_ok=True)
    final.write_bytes(CONTENT)
    transfer = lab.open(lab.record(DESCRIBED, final, is_upload=True))
    yield transfer
    transfer.halt()


def change(path: Path, at: int = 0, *, quietly: bool = False) -> None:
    """Change a byte of a file, as another program does; `quietly` sets the time back."""
    before = path.stat()
    with path.open("r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)
        stream.seek(at)
        stream.write(bytes([byte[0] ^ 0xFF]))
    later = before.st_mtime_ns + (0 if quietly else 1_000_000)
    os.utime(path, ns=(before.st_atime_ns, later))
