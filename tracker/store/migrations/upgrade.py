"""Bringing a database up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def upgrade(writer: Engine) -> None:
    """Apply, in one transaction, the migrations that the database lacks.

    Trackers that start at once wait for each other, as all writers do. Raises SQLAlchemyError.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with writer.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
