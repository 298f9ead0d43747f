"""The quotas of users and groups, and the bytes that count towards them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Select,
    Table,
    bindparam,
    cast,
    delete,
    func,
    select,
)

from tracker.domain.quota import Quota
from tracker.store.tables import files, group_quotas, new_row, user_quotas

_MOST_BYTES = 2**63 - 1


def _total(condition: ColumnElement[bool]) -> Select[Any]:
    # A sum of integers could overflow, one of floats is exact up to 8 PiB.
    return select(func.sum(cast(files.c.size, Double))).where(condition)


_OF_USER = select(user_quotas).where(user_quotas.c.user_id == bindparam("owner"))
_OF_GROUP = select(group_quotas).where(group_quotas.c.group_id == bindparam("owner"))
_BYTES_OF_USER = _total(files.c.added_by == bindparam("owner"))
_BYTES_OF_GROUP = _total(files.c.group_id == bindparam("owner"))


class QuotaRepository:
    """Quotas, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def of_user(self, user_id: int) -> Quota:
        """Return the limits that the operator gave a user."""
        return self._quota(_OF_USER, user_id)

    def of_group(self, group_id: int) -> Quota:
        """Return the limits that the operator gave a group."""
        return self._quota(_OF_GROUP, group_id)

    def _quota(self, statement: Select[Any], owner: int) -> Quota:
        found = self._run(statement, {"owner": owner}).first()
        return Quota() if found is None else Quota(*found[1:])

    def set_for_user(self, user_id: int, quota: Quota) -> None:
        """Replace a user's own limits."""
        limits = {"files": quota.files, "bytes": quota.bytes}
        self._replace(user_quotas, {"user_id": user_id}, limits)

    def set_for_group(self, group_id: int, quota: Quota) -> None:
        """Replace a group's own limits."""
        limits = {"files": quota.files, "bytes": quota.bytes, "members": quota.members}
        self._replace(group_quotas, {"group_id": group_id}, limits)

    def _replace(self, table: Table, owner: dict[str, int], limits: dict[str, int | None]) -> None:
        self._run(delete(table).filter_by(**owner))
        if any(limit is not None for limit in limits.values()):
            self._run(new_row(table, *owner, *limits), {**owner, **limits})

    def bytes_of_user(self, user_id: int) -> int:
        """Return the total size of the files that a user has added."""
        return self._bytes(_BYTES_OF_USER, user_id)

    def bytes_of_group(self, group_id: int) -> int:
        """Return the total size of a group's files."""
        return self._bytes(_BYTES_OF_GROUP, group_id)

    def _bytes(self, statement: Select[Any], owner: int) -> int:
        total = self._run(statement, {"owner": owner}).scalar_one()
        return min(int(total or 0), _MOST_BYTES)
