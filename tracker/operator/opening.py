"""The database that a subcommand works on: the one of running trackers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from tracker.command_line import data_dir_of, database_of
from tracker.operator.subcommand import CommandFailedError
from tracker.store.database.errors import DatabaseError
from tracker.store.database.location import database_file
from tracker.store.engine import Store, open_store


@contextmanager
def opened(options: argparse.Namespace, *, create: bool = False) -> Iterator[Store]:
    """Open the database that the options name; only with `create` it may be a new one.

    Raises CommandFailedError, also when the database fails during the block.
    """
    url = database_of(options)
    path = database_file(url)
    is_missing = path is not None and not path.exists()
    if is_missing and not create:
        raise CommandFailedError(
            f"there is no database {path}; name the tracker's folder with --data-dir, or its"
            " database with --database"
        )
    try:
        if is_missing:
            data_dir_of(options).mkdir(mode=0o700, parents=True, exist_ok=True)
        store = open_store(url)
    except OSError as error:
        reason = error.strerror or error
        raise CommandFailedError(f"can't use {data_dir_of(options)}: {reason}") from None
    except DatabaseError as error:
        raise CommandFailedError(f"can't open the database: {error}") from None
    try:
        yield store
    except DatabaseError as error:
        raise CommandFailedError(f"the database failed: {error}") from None
    finally:
        store.close()
