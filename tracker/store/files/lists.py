"""Lists of files: a group's, and those of all groups of a user."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    func,
    select,
    true,
    tuple_,
)

from tracker.domain.paging import KeyPart
from tracker.store.matching import Lookup, Lookups, fits, may_fit
from tracker.store.presence.trackers import FRESH_SECONDS, is_present
from tracker.store.records import ListedFile
from tracker.store.tables import (
    REMEMBERED,
    files,
    group_sizes,
    groups,
    memberships,
    one_of,
    peers,
    shares,
    users,
)

IndexedSort = Literal["name", "size", "age"]
"""The orders that an index has."""

_GROUP_ID: BindParameter[int] = bindparam("group_id")
_USER_ID: BindParameter[int] = bindparam("user_id")
_LIMIT: BindParameter[int] = bindparam("limit")
_AFTER: BindParameter[Any] = bindparam("after")
_AFTER_ID: BindParameter[int] = bindparam("after_id")
_OWNER = (
    select(users.c.name)
    .join(shares, shares.c.user_id == users.c.id)
    .where(shares.c.file_id == files.c.id)
    .order_by(shares.c.id)
    .limit(1)
    .correlate(files)
    .scalar_subquery()
)
_FILE = (
    files.c.id,
    files.c.name,
    files.c.size,
    files.c.pieces,
    files.c.info_hash,
    files.c.added_at,
    func.coalesce(_OWNER, ""),
)
_WIDTH = len(_FILE)
_IS_SEEDING = (peers.c.left == 0) & is_present(bindparam("now"), bindparam("since"))
_BY: Mapping[IndexedSort, ColumnElement[Any]] = MappingProxyType(
    {
        "size": files.c.size,
        "age": files.c.added_at,
    }
)
_IDS = select(files.c.id).where(files.c.group_id == _GROUP_ID)
_NEWEST_IDS = _IDS.where(files.c.id < _AFTER).order_by(files.c.id.desc()).limit(_LIMIT)
_SEEDERS = (
    select(
        peers.c.file_id,
        func.count(func.distinct(case((_IS_SEEDING, peers.c.peer_id)))),
        func.count(),
    )
    .where(peers.c.file_id.in_(_IDS))
    .group_by(peers.c.file_id)
)
# As a sum, the group doesn't lead a database to look through all of its files.
_BY_IDS = select(*_FILE).where(one_of(files.c.id, "file_ids"), files.c.group_id + 0 == _GROUP_ID)
_COUNT_ALL_FOUND = (
    select(func.coalesce(func.sum(group_sizes.c.files), 0))
    .join(memberships, memberships.c.group_id == group_sizes.c.group_id)
    .where(memberships.c.user_id == _USER_ID)
)
_OWN = select(memberships.c.group_id).where(memberships.c.user_id == _USER_ID)


class FileListRepository:
    """Lists of files, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute
        self._lookup = Lookups(connection, files).of
        self._by_groups = connection.dialect.name == "postgresql"

    def is_rare(self, pattern: str) -> bool:
        """Return whether few files, of all groups, may match a pattern."""
        return bool(self._lookup(pattern))

    def count(self, group_id: int, pattern: str) -> int:
        """Count the group's files that match a pattern."""
        statement = _count(pattern, self._lookup(pattern))
        return int(self._run(statement, {"group_id": group_id}).scalar_one())

    def page(
        self,
        group_id: int,
        pattern: str,
        sort: IndexedSort,
        after: tuple[KeyPart, ...] | None,
        limit: int,
        *,
        many: bool = False,
    ) -> list[tuple[ListedFile, tuple[KeyPart, ...]]]:
        """Return the group's next files, each with its sort key, which `after` refers to.

        `many` says that many match the pattern: the first are found soon by going through all.
        """
        values = {"group_id": group_id, "limit": limit} | _place(after)
        statement = _page(pattern, self._lookup(pattern), sort, after is None, many)
        return [
            (ListedFile._make(row[:_WIDTH]), tuple(row[_WIDTH:]))
            for row in self._run(statement, values)
        ]

    def seeders(self, group_id: int, now: float) -> list[tuple[int, int, int]]:
        """Return the id of each file of a group that has peers, with its number of seeders and of
        all peers, whether present or not.
        """
        values = {"group_id": group_id, "now": now, "since": now - FRESH_SECONDS}
        return [(file_id, seeders, rows) for file_id, seeders, rows in self._run(_SEEDERS, values)]

    def newest_ids(self, group_id: int, before: int, limit: int) -> list[int]:
        """Return the ids of a group's next files before this id, the largest first."""
        values = {"group_id": group_id, "after": before, "limit": limit}
        return list(self._run(_NEWEST_IDS, values).scalars())

    def fitting_ids(self, group_id: int, pattern: str) -> list[int]:
        """Return the ids of a group's files that match a pattern."""
        return list(
            self._run(
                _fitting_ids(pattern, self._lookup(pattern)), {"group_id": group_id}
            ).scalars()
        )

    def by_ids(self, group_id: int, file_ids: Collection[int]) -> dict[int, ListedFile]:
        """Return those of a group's files that have these ids."""
        rows = self._run(_BY_IDS, {"group_id": group_id, "file_ids": list(file_ids)})
        return {file.id: file for file in map(ListedFile._make, rows)}

    def count_found(self, user_id: int, pattern: str) -> int:
        """Count the files of a user's groups that match a pattern."""
        statement = _count_found(pattern, self._lookup(pattern)) if pattern else _COUNT_ALL_FOUND
        return int(self._run(statement, {"user_id": user_id}).scalar_one())

    def search(
        self, user_id: int, pattern: str, after: tuple[KeyPart, ...] | None, limit: int
    ) -> list[tuple[ListedFile, str]]:
        """Return the next files of a user's groups, by name, each with its group's name.

        `after` is the name and the id of the file before.
        """
        values = {"user_id": user_id, "limit": limit} | _place(after)
        statement = _search(pattern, self._lookup(pattern), after is None, self._by_groups)
        rows = self._run(statement, values)
        return [(ListedFile._make(row[:_WIDTH]), row[_WIDTH]) for row in rows]


def _place(after: tuple[KeyPart, ...] | None) -> dict[str, KeyPart]:
    """Return the parameters for where a page begins."""
    return dict(zip(("after", "after_id"), after or (), strict=False))


def _named(query: Select[Any], pattern: str, lookup: Lookup) -> Select[Any]:
    if lookup:
        query = query.where(may_fit(files, pattern, lookup))
    return query.where(fits(files.c.name, pattern)) if pattern else query


def _group_id(lookup: Lookup) -> ColumnElement[int]:
    """Return the group's id; as a sum, so that no index of it is used, where names are looked up:
    the names of a large group are far more.
    """
    return files.c.group_id + 0 if lookup else files.c.group_id


def _listed(query: Select[Any], pattern: str, lookup: Lookup, many: bool) -> Select[Any]:
    """Restrict a query to the group's files that match a pattern.

    Unless there are `many`, names are looked for in an index that has them, before sorting.
    """
    if not pattern or lookup or many:
        return _named(query, pattern, lookup).where(_group_id(lookup) == _GROUP_ID)
    fitting = select(files.c.id).where(files.c.group_id == _GROUP_ID)
    return query.where(files.c.id.in_(_named(fitting, pattern, lookup).correlate(None)))


@lru_cache(REMEMBERED)
def _count(pattern: str, lookup: Lookup) -> Select[Any]:
    query = select(func.count()).select_from(files).where(_group_id(lookup) == _GROUP_ID)
    return _named(query, pattern, lookup)


@lru_cache(REMEMBERED)
def _fitting_ids(pattern: str, lookup: Lookup) -> Select[Any]:
    return _named(select(files.c.id), pattern, lookup).where(_group_id(lookup) == _GROUP_ID)


@lru_cache(REMEMBERED)
def _page(
    pattern: str, lookup: Lookup, sort: IndexedSort, is_first: bool, many: bool
) -> Select[Any]:
    if sort == "name":
        named = _named(select(*_FILE, files.c.name), pattern, lookup)
        named = named.where(_group_id(lookup) == _GROUP_ID)
        named = named if is_first else named.where(files.c.name > _AFTER)
        return named.order_by(files.c.name).limit(_LIMIT)
    by: ColumnElement[Any] = _BY[sort]
    query = _listed(select(*_FILE, by, files.c.id), pattern, lookup, many)
    if not is_first:
        query = query.where(tuple_(by, files.c.id) < tuple_(_AFTER, _AFTER_ID))
    return query.order_by(by.desc(), files.c.id.desc()).limit(_LIMIT)


@lru_cache(REMEMBERED)
def _count_found(pattern: str, lookup: Lookup) -> Select[Any]:
    query = select(func.count()).select_from(files).where(_group_id(lookup).in_(_OWN))
    return _named(query, pattern, lookup)


@lru_cache(REMEMBERED)
def _search(pattern: str, lookup: Lookup, is_first: bool, by_groups: bool) -> Select[Any]:
    # An index has the names and ids: only the files that are returned are read.
    named = _named(select(files.c.id, files.c.name), pattern, lookup)
    if not is_first:
        named = named.where(tuple_(files.c.name, files.c.id) > tuple_(_AFTER, _AFTER_ID))
    if by_groups and not lookup:
        found = _first_of_groups(named, is_first).subquery("found")
    else:
        own = named.where(_group_id(lookup).in_(_OWN))
        found = own.order_by(files.c.name, files.c.id).limit(_LIMIT).subquery("found")
    return (
        select(*_FILE, groups.c.name)
        .join(groups, groups.c.id == files.c.group_id)
        .where(files.c.id == found.c.id)
        .order_by(files.c.name, files.c.id)
    )


def _first_of_groups(named: Select[Any], is_first: bool) -> Select[Any]:
    """Select the first of some files among those that are the first in each of the user's groups.

    PostgreSQL would sort all files of the groups; SQLite stops by itself where no more are needed.
    """
    if not is_first:
        named = named.where(files.c.name >= _AFTER)  # where the index is entered
    of_group = named.where(files.c.group_id == memberships.c.group_id).correlate(memberships)
    first = of_group.order_by(files.c.name, files.c.id).limit(_LIMIT).lateral("first")
    found = select(first.c.id, first.c.name).select_from(memberships.join(first, true()))
    found = found.where(memberships.c.user_id == _USER_ID)
    return found.order_by(first.c.name, first.c.id).limit(_LIMIT)
