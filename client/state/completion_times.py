"""When downloads were completed, stored as settings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from client.state.schema import SettingRow

_KEY = "completed "
"""Precedes the transfer's id in the key of the setting, which is everybody's."""

_MOST_NAMED = 500
"""Transfers that a query names; for more, it asks for all times."""


def write_time(session: Session, transfer: int, at: datetime) -> None:
    """Store when a download was completed, with its time zone."""
    value = at.astimezone(UTC).isoformat()
    session.merge(SettingRow(user="", key=f"{_KEY}{transfer}", value=value))


def read_times(session: Session, transfers: Collection[int]) -> dict[int, datetime]:
    """Return when these transfers were completed, as far as it is known."""
    query = select(SettingRow.key, SettingRow.value).where(SettingRow.user == "")
    if len(transfers) <= _MOST_NAMED:
        query = query.where(SettingRow.key.in_([f"{_KEY}{number}" for number in transfers]))
    else:
        query = query.where(SettingRow.key.startswith(_KEY))
    rows = session.execute(query)
    return {int(key.removeprefix(_KEY)): datetime.fromisoformat(value) for key, value in rows}


def forget_time(session: Session, transfer: int) -> None:
    """Delete the time of a removed transfer, whose id may be reused."""
    key = f"{_KEY}{transfer}"
    session.execute(delete(SettingRow).where(SettingRow.user == "", SettingRow.key == key))
