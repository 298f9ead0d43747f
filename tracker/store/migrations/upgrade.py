"""Migration of a database to the current schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def upgrade(writer: Engine) -> None:
    """Apply all pending migrations in one transaction.

    Trackers that start at once wait for each other, as all writers do. Raises SQLAlchemyError.
    """
    config = Config()
    # Alembic keeps its options as in an .ini file, where a percent sign has a meaning.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with writer.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
