"""Databases of earlier versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, Table, insert

from tracker.store import migrations
from tracker.store.schema.complete import DERIVED

FOLDER = str(Path(*migrations.__path__))
VERSIONS = [script.revision for script in ScriptDirectory(FOLDER).walk_revisions("base", "heads")][
    ::-1
]
"""All versions of the schema, the first one first."""

RELEASED = "0011"
"""The schema of the last release: its trackers run beside those of this version in an upgrade."""


def migrate(engine: Engine, version: str, *, down: bool = False) -> None:
    """Migrate a database to a version of the schema."""
    config = Config()
    config.set_main_option("script_location", FOLDER)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, version)


def row_for(table: Table) -> dict[str, Any]:
    """Return a row for a table, without the columns that the database fills in; every reference in
    it is to a row 1 or 'x'."""
    usual: dict[type, Any] = {int: 1, str: "x", bytes: b"\1", float: 1e9, bool: False}
    return {
        column.name: usual[column.type.python_type]
        for column in table.columns
        if column.server_default is None
    }


def fill(engine: Engine) -> None:
    """Insert a row into every table but derived ones, with consistent references."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            is_derived = table.name in DERIVED or "_parts" in table.name
            if table.name != "alembic_version" and not is_derived:
                connection.execute(insert(table).values(row_for(table)))
