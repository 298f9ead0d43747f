"""The rate limits that a client keeps between runs."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import delete, select

from client.state.database import Database
from client.state.schema import RateLimitRow


class LimitScope(NamedTuple):
    """What a limit applies to: a user's transfer, or the whole client if all three are empty."""

    user: str = ""
    group: str = ""
    name: str = ""


WHOLE_CLIENT = LimitScope()


class Rates(NamedTuple):
    """Bytes a second in each direction; 0 is no limit."""

    up: int = 0
    down: int = 0


class RateLimitStore:
    """Limits by what they apply to.

    Every method may be called from any thread and raises MinitorrentError(disk_full or internal)
    when the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[LimitScope, Rates]:
        """Return all limits."""
        with self._database.transaction() as session:
            rows = session.scalars(select(RateLimitRow))
            return {LimitScope(r.user, r.group, r.name): Rates(r.up, r.down) for r in rows}

    def set(self, scope: LimitScope, rates: Rates) -> None:
        """Store these limits; without any limit, delete the row."""
        with self._database.transaction() as session:
            if any(rates):
                session.merge(RateLimitRow(**scope._asdict(), **rates._asdict()))
            else:
                session.execute(delete(RateLimitRow).filter_by(**scope._asdict()))
