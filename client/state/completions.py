"""Completed downloads: when, and whether the tracker knows; stored as settings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from client.state.schema import SettingRow

_TIME = "completed "
_OWED = "unannounced "
"""These precede the transfer's id in the key of the setting, which is everybody's."""

_MOST_NAMED = 500
"""Transfers that a query names; for more, it asks for those of all transfers."""


def write_completion(session: Session, transfer: int, at: datetime) -> None:
    """Store when a download was completed, with its time zone; the tracker doesn't know yet."""
    value = at.astimezone(UTC).isoformat()
    for key in (_TIME, _OWED):
        session.merge(SettingRow(user="", key=f"{key}{transfer}", value=value))


def settle_completion(session: Session, transfer: int) -> None:
    """Store that the tracker knows of a completion."""
    _forget(session, [f"{_OWED}{transfer}"])


def read_times(session: Session, transfers: Collection[int]) -> dict[int, datetime]:
    """Return when these transfers were completed, as far as it is known."""
    found = _read(session, _TIME, transfers)
    return {number: datetime.fromisoformat(value) for number, value in found.items()}


def read_owed(session: Session, transfers: Collection[int]) -> frozenset[int]:
    """Return which of these transfers the tracker doesn't know to be complete."""
    return frozenset(_read(session, _OWED, transfers))


def forget_completion(session: Session, transfer: int) -> None:
    """Delete what is stored of a removed transfer, whose id may be reused."""
    _forget(session, [f"{key}{transfer}" for key in (_TIME, _OWED)])


def _read(session: Session, prefix: str, transfers: Collection[int]) -> dict[int, str]:
    query = select(SettingRow.key, SettingRow.value).where(SettingRow.user == "")
    if len(transfers) <= _MOST_NAMED:
        query = query.where(SettingRow.key.in_([f"{prefix}{number}" for number in transfers]))
    else:
        query = query.where(SettingRow.key.startswith(prefix))
    return {int(key.removeprefix(prefix)): value for key, value in session.execute(query)}


def _forget(session: Session, keys: Collection[str]) -> None:
    session.execute(delete(SettingRow).where(SettingRow.user == "", SettingRow.key.in_(keys)))
