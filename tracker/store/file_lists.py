"""Lists of files: a group's, and those of all groups of a user."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from common.api.files import Sort
from tracker.domain.paging import KeyPart
from tracker.store.matching import fits
from tracker.store.peers import seeding
from tracker.store.schema import File, Group, Membership, Share, User


class FileListRepository:
    """Lists of files, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self, group_id: int, pattern: str) -> int:
        """Count the group's files that match a pattern."""
        query = select(func.count()).select_from(File).where(*_listed(group_id, pattern))
        return self._session.scalar(query) or 0

    def page(
        self,
        group_id: int,
        pattern: str,
        sort: Sort,
        after: tuple[KeyPart, ...] | None,
        limit: int,
        now: float,
    ) -> list[tuple[File, tuple[KeyPart, ...]]]:
        """Return the group's next files, each with its sort key, which `after` refers to."""
        if sort == "name":
            named = select(File).where(*_listed(group_id, pattern)).order_by(File.name)
            if after is not None:
                named = named.where(File.name > after[0])
            return [(file, (file.name,)) for file in self._session.scalars(named.limit(limit))]
        ids: Select[Any] = select(File.id).where(*_listed(group_id, pattern))
        if pattern:  # look for the names in an index that has them, before sorting
            ids = select(File.id).where(File.id.in_(ids.correlate(None)))
        by, query = _by(ids, sort, now)
        if after is not None:
            query = query.where(tuple_(by, File.id) < tuple_(*after))
        query = query.add_columns(by).order_by(by.desc(), File.id.desc()).limit(limit)
        keys = {row[0]: row[1] for row in self._session.execute(query)}
        files = self._session.scalars(select(File).where(File.id.in_(keys)))
        found = {file.id: file for file in files}
        return [(found[file_id], (key, file_id)) for file_id, key in keys.items()]

    def owners(self, file_ids: Collection[int]) -> dict[int, str]:
        """Return the user who has shared each file longest."""
        first = (
            select(func.min(Share.id)).where(Share.file_id.in_(file_ids)).group_by(Share.file_id)
        )
        rows = self._session.execute(
            select(Share.file_id, User.name)
            .join(User, User.id == Share.user_id)
            .where(Share.id.in_(first))
        )
        return {row[0]: row[1] for row in rows}

    def count_found(self, user_id: int, pattern: str) -> int:
        """Count the files of a user's groups that match a pattern."""
        query = select(func.count()).select_from(File).where(*_in_own_groups(user_id, pattern))
        return self._session.scalar(query) or 0

    def search(
        self, user_id: int, pattern: str, after: tuple[KeyPart, ...] | None, limit: int
    ) -> list[tuple[File, str]]:
        """Return the next files of a user's groups, by name, each with its group's name.

        `after` is the name and the id of the file before.
        """
        # An index has the names and ids: only the files that are returned are read.
        ids = select(File.id).where(*_in_own_groups(user_id, pattern))
        if after is not None:
            ids = ids.where(tuple_(File.name, File.id) > tuple_(*after))
        found = self._session.scalars(ids.order_by(File.name, File.id).limit(limit)).all()
        rows = self._session.execute(
            select(File, Group.name)
            .join(Group, Group.id == File.group_id)
            .where(File.id.in_(found))
            .order_by(File.name, File.id)
        )
        return [(file, group) for file, group in rows]


def _in_own_groups(user_id: int, pattern: str) -> list[ColumnElement[bool]]:
    own = select(Membership.group_id).where(Membership.user_id == user_id)
    conditions: list[ColumnElement[bool]] = [File.group_id.in_(own)]
    if pattern:
        conditions.append(fits(File.name, pattern))
    return conditions


def _listed(group_id: int, pattern: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [File.group_id == group_id]
    if pattern:
        conditions.append(fits(File.name, pattern))
    return conditions


def _by(query: Select[Any], sort: Sort, now: float) -> tuple[ColumnElement[Any], Select[Any]]:
    """Return the sort column (descending), and the query extended by it."""
    if sort == "seeders":
        counts = seeding(now)
        joined = query.outerjoin(counts, counts.c.file_id == File.id)
        return func.coalesce(counts.c.seeders, 0), joined
    column: ColumnElement[Any] = (File.size if sort == "size" else File.added_at).expression
    return column, query
