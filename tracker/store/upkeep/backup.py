"""Copies of a database in one file, made while trackers run."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, make_url

from tracker.disk import drafted
from tracker.store.database.errors import DatabaseError
from tracker.store.upkeep.opening import looking_at, old_schema

_MODE = 0o600
_PAGES = 10_000
"""Pages copied at a time; between, the operator can interrupt it."""

_PG_DUMP = "pg_dump"


def back_up(url: str, file: Path) -> int:
    """Write a consistent copy of the database to a new file; return its size in bytes.

    An SQLite database becomes another one, PostgreSQL's an archive for pg_restore. The file is
    complete, or isn't there. Raises DatabaseError, FileExistsError and OSError.
    """
    with looking_at(url) as connection:
        old_schema(connection)  # it is ours, and not of a newer version
        is_sqlite = connection.dialect.name == "sqlite"
    if os.path.lexists(file):
        raise FileExistsError
    with drafted(file, _MODE) as draft:
        if is_sqlite:
            _copy_sqlite(Path(make_url(url).database or ""), draft)
        else:
            _dump(make_url(url), draft)
    return file.stat().st_size


def _copy_sqlite(source: Path, draft: Path) -> None:
    """Copy a snapshot; writers go on meanwhile. The copy needs no other file."""
    try:
        uri = f"{source.absolute().as_uri()}?mode=ro"
        with (
            closing(sqlite3.connect(uri, uri=True)) as database,
            closing(sqlite3.connect(draft)) as copy,
        ):
            database.isolation_level = None
            database.execute("BEGIN").close()
            database.execute("SELECT 1 FROM sqlite_schema").close()  # the snapshot is taken now
            database.backup(copy, pages=_PAGES, sleep=0)
            copy.execute("PRAGMA journal_mode = DELETE").close()
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise DatabaseError(" ".join(str(error).split())) from error
    if found != "ok":
        raise DatabaseError(f"it is damaged: {found}")


def _dump(url: URL, draft: Path) -> None:
    program = shutil.which(_PG_DUMP)
    if program is None:
        raise DatabaseError(
            f"{_PG_DUMP} is not installed here (Debian: postgresql-client); you can also run it on"
            f" the database's machine: {_PG_DUMP} --format=custom --file=FILE {url.database}"
        )
    # Everyone on this machine can read arguments.
    environment = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}
    address = url.set(drivername="postgresql", password=None).render_as_string()
    command = [program, "--format=custom", "--no-password", f"--dbname={address}"]
    with draft.open("wb") as file:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, env=environment
        )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").split()
        raise DatabaseError(" ".join(said)[:300] or f"{_PG_DUMP} failed")
