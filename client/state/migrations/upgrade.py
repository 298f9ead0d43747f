"""Bringing a database up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection


class UnknownVersionError(Exception):
    """The database's last migration is none of this program's."""


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
