"""What the client remembers for each user between runs, such as the group in use."""

from __future__ import annotations

from sqlalchemy import delete

from client.state.database import Database
from client.state.schema import SettingRow


class Settings:
    """Texts by user and key; the empty user holds those of all users.

    Every method may be called from any thread and raises MinitorrentError(disk_full or internal)
    when the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, user: str, key: str) -> str | None:
        """Return the value, or None."""
        with self._database.transaction() as session:
            row = session.get(SettingRow, (user, key))
            return row.value if row else None

    def set(self, user: str, key: str, value: str | None) -> None:
        """Store the value; None removes it."""
        with self._database.transaction() as session:
            if value is None:
                session.execute(delete(SettingRow).filter_by(user=user, key=key))
            else:
                session.merge(SettingRow(user=user, key=key, value=value))
