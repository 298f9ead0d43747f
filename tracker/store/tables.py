"""The tables for statements in SQLAlchemy Core, which cost a fraction of those on mapped classes.

Statements on hot paths are built once, as constants, with `bindparam` for what differs: building
one takes longer than executing it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import Insert

from tracker.store import schema
from tracker.store.records import Event

T = TypeVar("T")

REMEMBERED = 64
"""Most patterns whose statements are kept; the empty one, of lists without a pattern, is in use."""

_MOST_PARAMETERS = 1000


def _table(model: type[schema.Base]) -> Table:
    return cast(Table, model.__table__)


users = _table(schema.User)
tokens = _table(schema.Token)
known_addresses = _table(schema.KnownAddress)
groups = _table(schema.Group)
group_sizes = _table(schema.GroupSize)
user_sizes = _table(schema.UserSize)
authorities = _table(schema.Authority)
authority_keys = _table(schema.AuthorityKey)
holders = _table(schema.Holder)
memberships = _table(schema.Membership)
join_requests = _table(schema.JoinRequest)
invitations = _table(schema.Invitation)
removals = _table(schema.Removal)
guests = _table(schema.Guest)
user_quotas = _table(schema.UserQuota)
group_quotas = _table(schema.GroupQuota)
files = _table(schema.File)
metainfos = _table(schema.Metainfo)
shares = _table(schema.Share)
announce_keys = _table(schema.AnnounceKey)
events = _table(schema.Event)
trackers = _table(schema.Tracker)
connections = _table(schema.Connection)
completions = _table(schema.Completion)
peers = _table(schema.Peer)

GROUP_COLUMNS = (groups.c.id, groups.c.name, groups.c.uid, groups.c.mode, groups.c.upload)
"""The columns of a `records.Group`."""

EVENT_COLUMNS = tuple(events.c[name] for name in Event._fields)
"""The columns of a `records.Event`."""

NEWEST_EVENT = select(func.coalesce(func.max(events.c.id), 0)).scalar_subquery()
"""The newest event's id, or 0."""

MARK_READ = (
    update(users)
    .where(
        users.c.id.in_(bindparam("user_ids", expanding=True)),
        users.c.told_event < bindparam("event_id"),
    )
    .values(told_event=bindparam("event_id"))
)
"""Marks all notices of users up to an event as read, if they weren't before."""


def new_row(table: Table, *columns: str) -> Insert:
    """Build an INSERT of these columns, each from the parameter of its name.

    `on_conflict_do_nothing` and `on_conflict_do_update` work on SQLite too: the clause is the same.
    """
    values: dict[str, Any] = {name: bindparam(name) for name in columns}
    return Insert(table).values(values)


def in_parts(values: Collection[T]) -> Iterator[Sequence[T]]:
    """Divide values among several statements: a database limits the parameters of one."""
    every = list(values)
    for start in range(0, len(every), _MOST_PARAMETERS):
        yield every[start : start + _MOST_PARAMETERS]
