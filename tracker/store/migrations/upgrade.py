"""Migration of a database to the current schema."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from tracker.store.database.dialects import migrating, take_writers_turn


def upgrade(engine: Engine, patience: float) -> None:
    """Apply all pending migrations in one transaction; without any, write nothing.

    Trackers that start at once wait for each other, at most `patience` seconds, and only one of
    them migrates. The writers of running trackers wait as for any other writer. Raises
    SQLAlchemyError, and CommandError for a schema that this version doesn't know.
    """
    if not _is_current(engine):
        with migrating(engine, patience) as connection:
            # Another tracker may have done it meanwhile.
            if pending(connection):
                take_writers_turn(connection)
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")


def pending(connection: Connection) -> list[str]:
    """Return the migrations that this database lacks, the first to apply first.

    Raises CommandError for a schema that this version doesn't know.
    """
    current = revision(connection) or "base"
    try:
        missing = list(_known().iterate_revisions("head", current))
    except RevisionError as error:
        raise CommandError(str(error)) from error
    return [script.revision for script in missing][::-1]


def revision(connection: Connection) -> str | None:
    """Return the migration that this database has reached; None if it has no tables."""
    return MigrationContext.configure(connection).get_current_revision()


def _is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        return not pending(connection)


@cache
def _known() -> ScriptDirectory:
    """This version's migrations, read once: that takes longer than the rest of a check."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    # Alembic keeps its options as in an .ini file, where a percent sign has a meaning.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
