"""The PostgreSQL server that all tests of a run share, and databases on it.

With several workers, the process that starts them starts the server; otherwise the first test that
needs it does. It ends with the run, however that ends.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.postgres.server import Server, programs
from tests.support.needs import skip
from tracker.store.engine import open_store
from tracker.store.schema.complete import METADATA

_VARIABLE = "MINITORRENT_TEST_POSTGRES"
"""The URL of the maintenance database of the server that was started for a run."""

_LOCALE = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' TEMPLATE template0"
"""Sorts names linguistically, not by code points, to expose queries without a collation."""

_TEMPLATE = "with_tables"
_LARGEST = 20 << 20  # bytes of a database that isn't worth emptying
_NOBODY_ELSE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SIZE = "SELECT pg_database_size(current_database())"
_FRESH = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
_CREATING = 1  # id of the lock held while the template is created: any number
_created: list[str] = []  # by this process, and not dropped yet
_copies: set[str] = set()  # of the template, among these
_spare: list[str] = []  # copies that were emptied again


def start_for_workers() -> None:
    """Start the server for the processes that inherit our environment; do nothing without one."""
    url = _start()
    if url is not None:
        os.environ[_VARIABLE] = url


def maintenance_url() -> str:
    """Return the URL of the server's own database; skips the test where there is no PostgreSQL,
    but fails in CI."""
    url = os.environ.get(_VARIABLE) or _start()
    if url is None:
        skip("there is no PostgreSQL 15 or later here (Debian: apt-get install postgresql)")
    return url


def new_database(*, template: str | None = None) -> str:
    """Create a database, empty or a copy; return its URL."""
    server = maintenance_url()
    with psycopg.connect(server, autocommit=True) as connection:
        (number,) = connection.execute("SELECT txid_current()").fetchone() or (0,)
        name = f"t{number}"
        how = f'TEMPLATE "{template}"' if template else _LOCALE
        connection.execute(f'CREATE DATABASE "{name}" {how}')
    _created.append(name)
    return _url_of(server, name)


def database_for(folder: Path) -> str:
    """The URL of the database of this folder, with all its tables; made if there is none."""
    note = folder / "database.url"
    if not note.exists():
        note.write_text(_copy_of_template(maintenance_url()))
    return note.read_text()


def _copy_of_template(server: str) -> str:
    if _spare:
        name = _spare.pop()
        _created.append(name)
        return _url_of(server, name)
    url = new_database(template=_with_tables(server))
    _copies.add(_created[-1])
    return url


@contextmanager
def temporary_databases() -> Iterator[None]:
    """Drop the databases that are created in this block, or keep them for the next test."""
    server, before = maintenance_url(), len(_created)
    try:
        yield
    finally:
        while len(_created) > before:
            name = _created.pop()
            if name in _copies and _empty(_url_of(server, name)):
                _spare.append(name)
                continue
            _copies.discard(name)
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _empty(url: str) -> bool:
    """Make a database as it was when it was copied; return False if that can't be done.

    This takes 5 ms, a new copy 70.
    """
    try:
        with psycopg.connect(url) as connection:
            connection.execute(_NOBODY_ELSE)
            (size,) = connection.execute(_SIZE).fetchone() or (0,)
            if size > _LARGEST:
                return False
            connection.execute(_emptying())
    except psycopg.Error:  # the test did something to it
        return False
    return True


@cache
def _emptying() -> str:
    tables = METADATA.sorted_tables[::-1]
    names = [*(table.name for table in tables), "event_parts"]
    deletions = ";".join(f'DELETE FROM "{name}"' for name in names)
    return f"{deletions};{_FRESH}"


@cache
def _start() -> str | None:
    found = programs()
    if found is None:
        return None
    server = Server(found)
    atexit.register(server.__exit__, None, None, None)
    server.__enter__()
    return server.url


@cache
def _with_tables(server: str) -> str:
    """Return the name of the database that others are copied from; the first process creates it."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_CREATING])
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
        if (_TEMPLATE,) not in names:
            connection.execute(f"CREATE DATABASE unfinished {_LOCALE}")
            open_store(_url_of(server, "unfinished")).close()
            connection.execute(f"ALTER DATABASE unfinished RENAME TO {_TEMPLATE}")
    return _TEMPLATE


def _url_of(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
