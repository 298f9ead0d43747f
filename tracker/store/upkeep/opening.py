"""Opening a database to look at it, without changing anything in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from tracker.store.database.dialects import reader
from tracker.store.database.errors import DatabaseError
from tracker.store.database.failures import failure
from tracker.store.database.location import check_is_ours, database_file, engine_for
from tracker.store.migrations.upgrade import pending, revision


@contextmanager
def looking_at(url: str) -> Iterator[Connection]:
    """Connect to the database at `url` for reading one snapshot of it. Raises DatabaseError.

    Neither the schema nor the kind of an SQLite file's journal is changed.
    """
    path = database_file(url)
    if path is not None and not path.exists():
        raise DatabaseError(f"there is no database {path}")
    engine = engine_for(url, read_only=True)
    try:
        check_is_ours(engine)
        with reader(engine).connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise failure(error, engine) from error
    finally:
        engine.dispose()


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
        f"its schema is {current}, and that of this version {missing[-1]}; the next start of a"
        " tracker upgrades it"
    )
