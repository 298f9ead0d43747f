"""A database server that doesn't answer, or that has no room: errors soon, and recovery."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from common.errors import ErrorCode
from common.types import Endpoint
from tests.postgres.shared import maintenance_url
from tests.support.disk import fill, small_disk
from tests.support.network.stalling_proxy import StallingProxy
from tests.support.together import run_together
from tests.support.waiting import wait_until
from tracker.frontend.failures import answer_to
from tracker.store.database.errors import DatabaseBusyError, DatabaseError, DatabaseLostError
from tracker.store.engine import Store, open_store

LIMIT = 1.0  # seconds for an answer


@pytest.fixture
def proxy(url: str) -> Iterator[StallingProxy]:
    server = make_url(url)
    with StallingProxy(Endpoint(server.host or "", server.port or 0)) as proxy:
        yield proxy


@pytest.fixture
def store(url: str, proxy: StallingProxy) -> Iterator[Store]:
    through = make_url(url).set(port=proxy.address.port, query={"connect_timeout": "2"})
    store = open_store(
        through.render_as_string(hide_password=False), connections=3, answer_seconds=LIMIT
    )
    yield store
    proxy.resume()
    store.close()


def read(store: Store) -> None:
    with store.read() as work:
        work.users.by_name("ann")


def look(store: Store) -> None:
    with store.look() as view:
        view.is_connected("nobody's")


def write(store: Store) -> None:
    with store.write() as work:
        work.users.by_name("ann")


def write_urgently(store: Store) -> None:
    with store.write(urgent=True) as work:
        work.users.by_name("ann")


ACTS: list[Callable[[Store], None]] = [read, look, write, write_urgently]


def test_a_server_that_never_answers_holds_nobody_up_for_ever(
    store: Store, proxy: StallingProxy
) -> None:
    wait_until(lambda: all(succeeds(act, store) for act in ACTS), 20, "connections at rest")
    proxy.stall()
    failed: list[type[Exception]] = []

    def suffer(act: Callable[[Store], None]) -> None:
        try:
            act(store)
        except DatabaseError as error:
            failed.append(type(error))

    began = time.monotonic()
    run_together([partial(suffer, act) for act in 2 * ACTS])  # the second waits for the first
    assert len(failed) == 2 * len(ACTS)
    assert set(failed) <= {DatabaseLostError, DatabaseBusyError}
    assert time.monotonic() - began < 25
    proxy.resume()
    wait_until(lambda: all(succeeds(act, store) for act in ACTS), 20, "the database to be back")


def succeeds(act: Callable[[Store], None], store: Store) -> bool:
    try:
        act(store)
    except DatabaseError:
        return False
    return True


def test_connections_that_were_lost_at_rest_are_replaced(url: str) -> None:
    """Those of a pool that PostgreSQL closed, whether the driver has noticed or not."""
    store = open_store(url)
    with store._engine.connect() as connection:
        ours: Any = connection.connection.dbapi_connection
    ours.pgconn.finish()
    wait_until(lambda: succeeds(read, store), 10, "another connection")
    store.close()


@pytest.fixture
def disk() -> Iterator[Path]:
    """One that PostgreSQL's account can reach, as it can't pytest's folders."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        with small_disk(Path(folder) / "disk", 64 << 20) as disk:
            yield disk


def test_a_full_disk_is_named_and_survived(disk: Path) -> None:
    with database_on(disk) as url:
        store = open_store(url)
        ballast = fill(disk)
        with pytest.raises(DatabaseError) as raised:
            for number in range(100):
                add_many(store, number)
        answer = answer_to("an operation failed", raised.value)
        assert answer.code is ErrorCode.DISK_FULL
        read(store)
        ballast.unlink()
        add_many(store, number)
        with store.read() as work:
            assert work.users.by_name(f"user{number}.0") is not None
        store.close()


def add_many(store: Store, number: int) -> None:
    with store.write() as work:
        for one in range(200):
            work.users.add(f"user{number}.{one}", "hash" * 50, 0.0)


@contextmanager
def database_on(disk: Path) -> Iterator[str]:
    """A database whose tables are on a small disk, though not the log of the server."""
    server = maintenance_url()
    with psycopg.connect(server, autocommit=True) as connection:
        folder = disk / "tables"
        folder.mkdir(mode=0o700)
        (data,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        owner = Path(data).stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        connection.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
        connection.execute("CREATE DATABASE small TEMPLATE template0 TABLESPACE small")
        try:
            yield make_url(server).set(database="small").render_as_string(hide_password=False)
        finally:
            connection.execute("DROP DATABASE small WITH (FORCE)")
            connection.execute("DROP TABLESPACE small")
