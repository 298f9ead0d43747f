"""Opening a database to look at it, without changing anything in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from tracker.store.database.dialects import reader
from tracker.store.database.errors import DatabaseError
from tracker.store.database.failures import failure
from tracker.store.database.location import check_is_ours, database_file, engine_for
from tracker.store.migrations.upgrade import pending, revision


@contextmanager
def connected(
    url: str, of_kind: Callable[[Engine], Engine], *, read_only: bool = False
) -> Iterator[Connection]:
    """Connect to the database at `url`, as a reader or a writer (see dialects).

    Raises DatabaseError, also when there is none. The schema stays as it is.
    """
    path = database_file(url)
    if path is not None and not path.exists():
        raise DatabaseError(f"there is no database {path}")
    engine = engine_for(url, read_only=read_only)
    try:
        check_is_ours(engine)
        with of_kind(engine).connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise failure(error, engine) from error
    finally:
        engine.dispose()


def looking_at(url: str) -> AbstractContextManager[Connection]:
    """Connect to the database at `url` for reading one snapshot of it. Raises DatabaseError.

    Not even the kind of an SQLite file's journal is changed.
    """
    return connected(url, reader, read_only=True)


def old_schema(connection: Connection) -> str | None:
    """Return why a database's schema isn't that of this version, or None if it is.

    Raises DatabaseError for the schema of a newer version.
    """
    try:
        missing = pending(connection)
    except CommandError as error:
        raise DatabaseError("it was created by a newer version of Minitorrent") from error
    if not missing:
        return None
    current = revision(connection)
    if current is None:
        return "it has no tables yet; the first start of a tracker creates them"
    return (
        f"its schema is {current}, but this version needs {missing[-1]}; the next start of a"
        " tracker upgrades it"
    )
