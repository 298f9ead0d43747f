"""Bringing a database up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

_LOCK = 7_400_031  # any number, the same in all trackers


def upgrade(writer: Engine) -> None:
    """Apply, in one transaction, the migrations that the database lacks.

    Trackers that start at once wait for each other. Raises SQLAlchemyError.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with writer.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
