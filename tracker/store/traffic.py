"""The traffic of users in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from sqlalchemy import Select, Table, func, select, union
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tracker.domain import traffic
from tracker.store.matching import fits
from tracker.store.schema import Membership, Traffic, User

_TABLE = cast(Table, Traffic.__table__)
_LARGEST = 2**62
"""Sums end here, in bytes."""


class TrafficRepository:
    """Traffic, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, user_id: int, grown: Mapping[int, traffic.Traffic]) -> None:
        """Add what a user has sent and received in each of these groups."""
        rows = [
            {"group_id": group_id, "user_id": user_id, "up": moved.up, "down": moved.down}
            for group_id, moved in sorted(grown.items())
            if moved != (0, 0)
        ]
        if not rows:
            return
        is_postgresql = self._session.get_bind().dialect.name == "postgresql"
        insert = (postgresql if is_postgresql else sqlite).insert(_TABLE)
        so_far, added = _TABLE.c, insert.excluded
        self._session.execute(
            insert.on_conflict_do_update(
                index_elements=[so_far.group_id, so_far.user_id],
                set_={"up": so_far.up + added.up, "down": so_far.down + added.down},
                where=(so_far.up < _LARGEST) & (so_far.down < _LARGEST),
            ),
            rows,
        )

    def of_group(
        self, group_id: int, pattern: str, after: int, limit: int
    ) -> list[tuple[int, str, traffic.Traffic]]:
        """Return the next users, members or with traffic: their ids, names and traffic."""
        ids = _either(
            query.where(user_id > after).order_by(user_id).limit(limit)
            for query, user_id in _takers(group_id, pattern)
        )
        up, down = (func.coalesce(column, 0) for column in (Traffic.up, Traffic.down))
        rows = self._session.execute(
            select(User.id, User.name, up, down)
            .outerjoin(Traffic, (Traffic.user_id == User.id) & (Traffic.group_id == group_id))
            .where(User.id.in_(ids))
            .order_by(User.id)
            .limit(limit)
        )
        return [(row[0], row[1], traffic.Traffic(row[2], row[3])) for row in rows]

    def count(self, group_id: int, pattern: str) -> int:
        """Count the users of `of_group`."""
        ids = _either(query for query, _ in _takers(group_id, pattern)).subquery()
        return self._session.scalar(select(func.count()).select_from(ids)) or 0


def _takers(group_id: int, pattern: str) -> list[tuple[Select[int], Any]]:
    """Select the ids of a group's members, and of its users with traffic."""
    found: list[tuple[Select[int], Any]] = []
    for table in (Membership, Traffic):
        query = select(table.user_id).where(table.group_id == group_id)
        if pattern:
            query = query.join(User, User.id == table.user_id).where(fits(User.name, pattern))
        found.append((query, table.user_id))
    return found


def _either(queries: Iterable[Select[int]]) -> Any:
    """Unite queries, each of which may have its own order and limit."""
    return union(*(select(query.subquery().c.user_id) for query in queries))
