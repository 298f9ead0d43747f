"""`check`, `backup` and `copy`: what the operator does with a whole database."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from pathlib import Path

from common.errors import ErrorCode, MinitorrentError
from common.text import size
from tracker.command_line import data_dir_of, database_of
from tracker.operator.output import answer
from tracker.operator.subcommand import CommandFailedError
from tracker.store.authority_key import KEY_FILE, KEY_VARIABLE
from tracker.store.database.errors import DatabaseError
from tracker.store.database.location import kind_of
from tracker.store.upkeep.backup import back_up
from tracker.store.upkeep.checking import Report
from tracker.store.upkeep.checking import check as check_database
from tracker.store.upkeep.copying import copy as copy_database

_SHOWN = 10  # problems in one line


def check(options: argparse.Namespace) -> str:
    """Check the database and the key beside it, changing neither."""
    try:
        report = check_database(
            database_of(options), data_dir_of(options), os.environ.get(KEY_VARIABLE)
        )
    except DatabaseError as error:
        raise CommandFailedError(f"can't check the database: {error}") from None
    if report.problems:
        shown = "; ".join(report.problems[:_SHOWN])
        rest = len(report.problems) - _SHOWN
        raise CommandFailedError(f"{shown}; and {rest} more" if rest > 0 else shown)
    said = f"The database is intact: {_counted(report)}."
    return answer(options, said, schema=report.schema, rows=report.counts)


def backup(options: argparse.Namespace) -> str:
    """Write the database to a file."""
    file: Path = options.file
    try:
        written = back_up(database_of(options), file)
    except FileExistsError:
        raise CommandFailedError(f"{file} exists already; name another file") from None
    except OSError as error:
        raise CommandFailedError(f"can't write {file}: {error.strerror or error}") from None
    except DatabaseError as error:
        raise CommandFailedError(f"can't back up the database: {error}") from None
    key = KEY_VARIABLE if KEY_VARIABLE in os.environ else data_dir_of(options) / KEY_FILE
    said = (
        f"Wrote {file} ({size(written)}). It doesn't contain the key in {key}, without which it is"
        " useless: keep a copy of that key, too, in another place."
    )
    return answer(options, said, file=str(file), bytes=written)


def copy(options: argparse.Namespace) -> str:
    """Copy a database from SQLite to PostgreSQL."""
    for url, kind, example in (
        (options.source, "sqlite", "sqlite:////srv/tracker/tracker.db"),
        (options.target, "postgresql", "postgresql://tracker@db.example.org/tracker"),
    ):
        if kind_of(url) != kind:
            message = f"copy is from SQLite to PostgreSQL; give a URL such as {example}"
            raise MinitorrentError(ErrorCode.USAGE, message)
    try:
        counts = copy_database(options.source, options.target, time.time())
    except DatabaseError as error:
        raise CommandFailedError(f"nothing was copied: {error}") from None
    said = (
        f"Copied {sum(counts.values()):,} rows. Start the trackers with the new --database and the"
        f" same {KEY_FILE}; nothing writes to the old database any more; keep it until they run."
    )
    return answer(options, said, rows=_filled(counts))


def _counted(report: Report) -> str:
    counts = (
        f"{number:,} {table.removesuffix('s') if number == 1 else table}"
        for table, number in report.counts.items()
    )
    return f"schema {report.schema}, {', '.join(counts)}"


def _filled(counts: Mapping[str, int]) -> dict[str, int]:
    return {table: number for table, number in counts.items() if number}
