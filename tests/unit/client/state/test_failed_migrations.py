"""Whatever stops a migration, the file stays as it was; the next start migrates it."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from client.state.database import Database
from common.errors import ErrorCode, MinitorrentError
from tests.support.databases.stored import transfers_of
from tests.support.disk import small_disk
from tests.support.together import run_together
from tests.unit.client.state.old_files import (
    VERSIONS,
    StoppedError,
    content,
    load,
    statements,
    stopped_at,
)
from tests.unit.client.state.states import ClientState


@pytest.mark.parametrize("dump", [VERSIONS[0], VERSIONS[-1]], ids=lambda dump: dump.stem)
def test_a_failure_at_any_statement_changes_nothing(dump: Path, tmp_path: Path) -> None:
    load(dump, path := tmp_path / "client.sqlite")
    load(dump, other := tmp_path / "other.sqlite")
    before = content(path)
    for number in range(statements(other)):
        with stopped_at(number), pytest.raises(StoppedError):
            Database.open(path)
        assert content(path) == before
    Database.open(path).close()
    assert content(path) == content(other)


@pytest.mark.skipif(sys.platform == "win32", reason="kills itself by a signal")
def test_a_kill_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    load(VERSIONS[0], path := tmp_path / "client.sqlite")
    before = content(path)
    code = """
import os, pathlib, signal, sys
from sqlalchemy import Engine, event
from client.state.database import Database

def kill(_connection, _cursor, statement, *_rest):
    if statement.startswith("PRAGMA user_version ="):  # the last one before the commit
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "after_cursor_execute", kill)
Database.open(pathlib.Path(sys.argv[1]))
"""
    done = subprocess.run([sys.executable, "-c", code, path], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert content(path) == before
    with ClientState(path) as state:
        assert len(transfers_of(state.transfers, "ann")) == 4


def test_a_disk_that_fills_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    load(VERSIONS[0], roomy := tmp_path / "client.sqlite")
    with closing(sqlite3.connect(roomy)) as connection, connection:
        connection.execute("UPDATE transfers SET metainfo = zeroblob(600000) WHERE id = 4")
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        path = disk / "client.sqlite"
        path.write_bytes(roomy.read_bytes())
        before = content(path)
        with pytest.raises(MinitorrentError) as caught:
            Database.open(path)
        assert caught.value.code is ErrorCode.DISK_FULL
        assert content(path) == before
        roomy.write_bytes(path.read_bytes())
    with ClientState(roomy) as state:
        record = state.transfers.get(4)
        assert record
        assert state.transfers.metainfo(record.id) == bytes(600000)


def test_of_several_simultaneous_openers_one_migrates(tmp_path: Path) -> None:
    """A client locks its data folder first; the database does not depend on that."""
    load(VERSIONS[0], path := tmp_path / "client.sqlite")
    failures: list[Exception] = []

    def run() -> None:
        try:
            Database.open(path).close()
        except Exception as error:  # shown by the assertion below
            failures.append(error)

    run_together([run] * 4)
    assert failures == []
    with ClientState(path) as state:
        assert len(transfers_of(state.transfers, "ann")) == 4
