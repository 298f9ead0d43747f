"""Applies the migrations that a database file lacks."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection


class UnknownVersionError(Exception):
    """The last migration of the file is one that this program doesn't know."""


def upgrade(connection: Connection) -> None:
    """Apply the migrations that the database lacks, in the transaction that has begun.

    Raises UnknownVersionError and SQLAlchemyError; the caller rolls back then.
    """
    config = Config()
    # Alembic keeps its options as in an .ini file, where a percent sign has a meaning.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise UnknownVersionError(str(error)) from error
