"""The rate limits that a client keeps between runs."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import delete, select

from client.state.database import Database
from client.state.schema import RateLimitRow


class Limited(NamedTuple):
    """What a limit is for: a user's transfer, or with nothing named the whole client."""

    user: str = ""
    group: str = ""
    name: str = ""


WHOLE_CLIENT = Limited()


class Rates(NamedTuple):
    """Bytes a second either way; 0 is no limit."""

    up: int = 0
    down: int = 0


class RateLimitStore:
    """Limits by what they are for.

    Every method may be called from any thread and raises MinitorrentError(disk_full or internal)
    when the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[Limited, Rates]:
        """Every limit there is."""
        with self._database.transaction() as session:
            rows = session.scalars(select(RateLimitRow))
            return {Limited(r.user, r.group, r.name): Rates(r.up, r.down) for r in rows}

    def set(self, limited: Limited, rates: Rates) -> None:
        """Keep these limits; none at all is kept as nothing."""
        with self._database.transaction() as session:
            if any(rates):
                session.merge(RateLimitRow(**limited._asdict(), **rates._asdict()))
            else:
                session.execute(delete(RateLimitRow).filter_by(**limited._asdict()))
