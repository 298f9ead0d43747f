"""Lists of events: a group's audit trail, and the notices of a user.

Both may be picked from millions of events, of many groups or accounts. So a page is searched for
from its end backwards, in ranges of ids that get larger until enough is found; what a pattern asks
for, in the blocks of events that may match it. Long lists are counted only up to a limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, func, literal_column, select

from common.api.paging import MOST_COUNTED
from tracker.domain.name_parts import parts_of
from tracker.store.events.parts import BLOCK, EventPartsRepository
from tracker.store.events.statements import (
    Ids,
    List,
    about,
    crowded_after,
    in_group,
    in_groups_of,
    of_accounts,
)
from tracker.store.records import Event, User
from tracker.store.tables import EVENT_COLUMNS, NEWEST_EVENT, REMEMBERED, events, one_of

_NEAR = 2000
"""A range of so many ids, of any events, is quicker to go through than to look up by group."""

_GROWTH = 16
"""Each range is so many times as long as the one before."""

_BLOCKS_AT_ONCE = 16
"""Blocks whose events are compared with a pattern by one statement."""

_NO_ID = 2**63 - 1
"""No event has so large a number."""

_BEFORE: BindParameter[int] = bindparam("before")
_LIMIT: BindParameter[int] = bindparam("limit")
_CROWDED_AFTER = crowded_after()
_BY_IDS = select(*EVENT_COLUMNS).where(one_of(events.c.id, "ids")).order_by(events.c.id.desc())

Values = Mapping[str, Any]
Way = tuple[bool, bool]
"""Whether a list is gone through in order, and whether only `among` some ids."""


class EventListRepository:
    """Lists of events, within one unit of work.

    `near` ids are gone through rather than looked up.
    """

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute
        self._parts = EventPartsRepository(connection)
        self.near = _NEAR

    def count_of_group(self, group_id: int, pattern: str) -> int:
        """Count the events in a group's audit trail, up to MOST_COUNTED."""
        values = {"group_id": group_id}
        return self._count(in_group, of_accounts, pattern, values, 0, MOST_COUNTED)

    def of_group(self, group_id: int, pattern: str, before: int, limit: int) -> list[Event]:
        """Return the next events of a group and of its members' accounts, newest first.

        `before` limits them to smaller ids, unless it is 0. A removal is recorded twice, once for
        the remaining members; the audit trail shows it once.
        """
        values = {"group_id": group_id}
        return self._newest(in_group, of_accounts, pattern, values, before, limit)

    def count_relevant(self, user: User, pattern: str) -> int:
        """Count the events that a user gets notices of, up to MOST_COUNTED."""
        return self._count(about, in_groups_of, pattern, _of(user), 0, MOST_COUNTED)

    def relevant_to(self, user: User, pattern: str, before: int, limit: int) -> list[Event]:
        """Return the next events that a user gets notices of, newest first; `before` as above.

        Of a group's events, those since the user joined.
        """
        return self._newest(about, in_groups_of, pattern, _of(user), before, limit)

    def count_unread(self, user: User, limit: int, until: int | None = None) -> int:
        """Count the user's unread events, up to `limit`, or of them those up to the id `until`."""
        after = user.last_read_event_id
        values = _of(user) if until is None else _of(user) | {"before": until + 1}
        return self._count(about, in_groups_of, "", values, after, limit)

    def _count(
        self, direct: List, spread: List, pattern: str, values: Values, after: int, limit: int
    ) -> int:
        """Count the events of two lists: one that has an index, and one to search for."""
        given = {"before": _NO_ID, **values, "after": after}
        if parts_of(pattern):
            found = self._count_fitting(direct, pattern, given | {"limit": limit})
            return found + self._count_fitting(spread, pattern, given | {"limit": limit - found})
        found = self._number(_number(direct, pattern, True), given | {"limit": limit})
        is_near = after > 0 and self._end() - after <= self.near
        rest = _number(spread, pattern, is_near)
        return found + self._number(rest, given | {"limit": limit - found})

    def _newest(
        self, direct: List, spread: List, pattern: str, values: Values, before: int, limit: int
    ) -> list[Event]:
        """Return the newest events of two lists, as above."""
        given = {**values, "before": before or self._end(), "after": 0, "limit": limit}
        has_parts = bool(parts_of(pattern))
        if has_parts:
            ids = [*self._fitting(direct, pattern, given)]
        else:
            ids = [*self._ids(_page(direct, pattern, True), given)]
        if len(ids) == limit:
            given["after"] = ids[-1]  # older ones of the other list would not be returned
        ids += (self._fitting if has_parts else self._search)(spread, pattern, given)
        newest = sorted(ids, reverse=True)[:limit]
        return [Event._make(row) for row in self._run(_BY_IDS, {"ids": newest})]

    def _search(self, spread: List, pattern: str, given: Values) -> Sequence[int]:
        """Search backwards, in longer and longer ranges, for as many ids as are wanted."""
        first, before, length, few = given["after"], given["before"], self.near, given["limit"]
        found: list[int] = []
        while len(found) < given["limit"] and before > first + 1:
            after = max(first, before - length)
            is_near = before - after <= 2 * self.near
            if not is_near and spread is in_groups_of:
                # A long range may have very many events of a group: then only its end is searched.
                limits = {**given, "after": after, "before": before, "few": few}
                crowd = self._run(_CROWDED_AFTER, limits).scalar_one()
                if crowd is not None:
                    after, few = crowd, few * _GROWTH
            statement = _page(spread, pattern, is_near)
            found += self._ids(statement, {**given, "after": after, "before": before})
            before, length = after + 1, length * _GROWTH
        return found[: given["limit"]]

    # --- patterns whose parts are looked up -------------------------------------------------
    def _fitting(self, one: List, pattern: str, given: Values) -> Sequence[int]:
        """Return the newest ids of a list that match a pattern, as many as are wanted."""
        found: list[int] = []
        for way, place in self._places(one, pattern, given):
            found += self._ids(_page(one, pattern, *way), {**given, **place})
            if len(found) >= given["limit"]:
                break
        return found[: given["limit"]]

    def _count_fitting(self, one: List, pattern: str, given: Values) -> int:
        """Count the events of a list that match a pattern, up to the limit."""
        left = int(given["limit"])
        for way, place in self._places(one, pattern, {**given, "before": self._end()}):
            left -= self._number(_number(one, pattern, *way), {**given, **place, "limit": left})
            if left == 0:
                break
        return int(given["limit"]) - left

    def _places(self, one: List, pattern: str, given: Values) -> Iterator[tuple[Way, Values]]:
        """Yield where events of a list may match a pattern, the newest first, and how to select.

        That is the last range of ids, which has all those that aren't in the index yet, and then
        the blocks that the index names; or the rest of the list, if it is shorter.
        """
        first, before = given["after"], given["before"]
        start = max(0, min(before - self.near, self._parts.end())) // BLOCK * BLOCK
        yield (True, False), {"after": max(first, start - 1), "before": before}
        of_texts, below = one in (about, in_groups_of), start // BLOCK
        while below * BLOCK > first:
            blocks = self._parts.blocks(pattern, below, of_texts=of_texts)
            if not blocks:
                return
            rest = {"after": first, "before": below * BLOCK}
            if len(blocks) * BLOCK > self.near and self._is_short(one, {**given, **rest}):
                yield (False, False), rest
                return
            for number in range(0, len(blocks), _BLOCKS_AT_ONCE):
                some = blocks[number : number + _BLOCKS_AT_ONCE]
                # The limits narrow what is gone through, however the database finds the ids.
                after, end = max(first, some[-1] * BLOCK - 1), (some[0] + 1) * BLOCK
                ids = [block * BLOCK + n for block in some for n in range(BLOCK)]
                yield (True, True), {"ids": ids, "after": after, "before": end}
                if after == first:
                    return
            below = blocks[-1]

    def _is_short(self, one: List, given: Values) -> bool:
        many = self.near + 1
        return self._number(_number(one, "", False), {**given, "limit": many}) < many

    # --- statements -------------------------------------------------------------------------
    def _ids(self, statement: Ids, values: Values) -> Sequence[int]:
        return self._run(statement, values).scalars().all()

    def _number(self, statement: Select[int], values: Values) -> int:
        return int(self._run(statement, values).scalar_one())

    def _end(self) -> int:
        """Return the id after the newest."""
        return int(self._run(select(NEWEST_EVENT)).scalar_one()) + 1


def _of(user: User) -> dict[str, Any]:
    return {"user_id": user.id, "user": user.name}


@lru_cache(8 * REMEMBERED)
def _page(ids: List, pattern: str, in_order: bool, among: bool = False) -> Ids:
    """Select the largest ids of a list before one, or `among` some.

    A sum has no order of its own, in which PostgreSQL would rather go through all events.
    """
    found = _within(ids, pattern, in_order, among)
    order = events.c.id if in_order and not among else events.c.id + literal_column("0")
    return found.order_by(order.desc()).limit(_LIMIT)


@lru_cache(8 * REMEMBERED)
def _number(ids: List, pattern: str, in_order: bool, among: bool = False) -> Select[int]:
    """Count a list, up to a limit."""
    some = _within(ids, pattern, in_order, among).limit(_LIMIT)
    return select(func.count()).select_from(some.subquery())


def _within(ids: List, pattern: str, in_order: bool, among: bool) -> Ids:
    found = ids(pattern, in_order).where(events.c.id < _BEFORE)
    return found.where(one_of(events.c.id, "ids")) if among else found
