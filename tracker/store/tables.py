"""The tables for statements in SQLAlchemy Core, which cost a fraction of those on mapped classes.

Statements on hot paths are built once, as constants, with `bindparam` for what differs: building
one takes longer than executing it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Boolean, ColumnElement, Table, any_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, Insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from tracker.store.records import Event
from tracker.store.schema.complete import METADATA

T = TypeVar("T")

REMEMBERED = 64
"""Most patterns whose statements are kept; the empty one, of lists without a pattern, is in use."""

_MOST_PARAMETERS = 1000


users = METADATA.tables["users"]
tokens = METADATA.tables["tokens"]
known_addresses = METADATA.tables["known_addresses"]
groups = METADATA.tables["groups"]
group_sizes = METADATA.tables["group_sizes"]
user_sizes = METADATA.tables["user_sizes"]
authorities = METADATA.tables["authorities"]
authority_keys = METADATA.tables["authority_keys"]
holders = METADATA.tables["holders"]
memberships = METADATA.tables["memberships"]
join_requests = METADATA.tables["join_requests"]
invitations = METADATA.tables["invitations"]
removals = METADATA.tables["removals"]
guests = METADATA.tables["guests"]
user_quotas = METADATA.tables["user_quotas"]
group_quotas = METADATA.tables["group_quotas"]
files = METADATA.tables["files"]
metainfos = METADATA.tables["metainfos"]
shares = METADATA.tables["shares"]
announce_keys = METADATA.tables["announce_keys"]
events = METADATA.tables["events"]
trackers = METADATA.tables["trackers"]
connections = METADATA.tables["connections"]
rendezvous = METADATA.tables["rendezvous"]
completions = METADATA.tables["completions"]
peers = METADATA.tables["peers"]

GROUP_COLUMNS = (groups.c.id, groups.c.name, groups.c.uid, groups.c.mode, groups.c.upload)
"""The columns of a `records.Group`."""

EVENT_COLUMNS = tuple(events.c[name] for name in Event._fields)
"""The columns of a `records.Event`."""

NEWEST_EVENT = select(func.coalesce(func.max(events.c.id), 0)).scalar_subquery()
"""The newest event's id, or 0."""


class _OneOf(FunctionElement[bool]):
    """A column's value is in a list: as IN, and as ANY."""

    inherit_cache = True
    type = Boolean()

    def self_group(self, against: object = None) -> _OneOf:
        """Return it as it is: SQLite can't use an index for `x IN (...) = 1`."""
        return self


@compiles(_OneOf)
def _as_in(element: _OneOf, compiler: Any, **options: Any) -> str:
    as_in, _ = element.clauses
    return str(compiler.process(as_in, **options))


@compiles(_OneOf, "postgresql")
def _as_any(element: _OneOf, compiler: Any, **options: Any) -> str:
    _, as_any = element.clauses
    return str(compiler.process(as_any, **options))


def one_of(column: ColumnElement[T], name: str) -> ColumnElement[bool]:
    """Whether a column's value is in the list that is the parameter of this name.

    To PostgreSQL it is one array: a statement with a parameter for each value is another statement
    for each number of values, which has to be translated and planned again, and takes longer.
    """
    array = bindparam(name, type_=ARRAY(column.type))
    return _OneOf(column.in_(bindparam(name, expanding=True)), column == any_(array))


MARK_READ = (
    update(users)
    .where(
        one_of(users.c.id, "user_ids"),
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
