"""The statements on groups, memberships and join requests (see tracker.store.groups.groups)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import QueryableAttribute

from tracker.domain.rules import ADMINS, Role
from tracker.store.matching import Lookup, fits, may_fit
from tracker.store.tables import (
    GROUP_COLUMNS,
    NEWEST_EVENT,
    REMEMBERED,
    announce_keys,
    files,
    group_sizes,
    groups,
    guests,
    holders,
    invitations,
    join_requests,
    memberships,
    new_row,
    peers,
    removals,
    shares,
    user_sizes,
    users,
)


def is_admin(role: ColumnElement[str] | QueryableAttribute[str]) -> ColumnElement[bool]:
    """Condition that a membership's role is an admin's."""
    return role.in_([one.value for one in ADMINS])


_GROUP_ID: BindParameter[int] = bindparam("group_id")
_USER_ID: BindParameter[int] = bindparam("user_id")
_NAME: BindParameter[str] = bindparam("name")
_AFTER: BindParameter[Any] = bindparam("after")
_LIMIT: BindParameter[int] = bindparam("limit")
_IN_GROUP = memberships.c.group_id == _GROUP_ID
_IS_MEMBER = _IN_GROUP & (memberships.c.user_id == _USER_ID)
_ASKS = (join_requests.c.group_id == _GROUP_ID) & (join_requests.c.user_id == _USER_ID)

ADD = new_row(groups, "name", "uid", "mode", "created_at").returning(*GROUP_COLUMNS)
BY_NAME = select(*GROUP_COLUMNS).where(groups.c.name == _NAME)
BY_NAME_LOCKED = BY_NAME.with_for_update()
BY_UID = select(*GROUP_COLUMNS).where(groups.c.uid == bindparam("uid"))
WITH_ROLE = (
    select(*GROUP_COLUMNS, memberships.c.role)
    .outerjoin(
        memberships,
        (memberships.c.group_id == groups.c.id) & (memberships.c.user_id == _USER_ID),
    )
    .where(groups.c.name == _NAME)
)
WITH_ROLE_LOCKED = WITH_ROLE.with_for_update(of=groups)
LEFT_TRAFFIC = select(groups.c.left_up, groups.c.left_down).where(groups.c.id == _GROUP_ID)
COUNT_OWN = select(user_sizes.c.groups).where(user_sizes.c.user_id == _USER_ID)
_TO_DECIDE = (
    select(func.count())
    .select_from(join_requests)
    .join(memberships, memberships.c.group_id == join_requests.c.group_id)
    .where(memberships.c.user_id == _USER_ID, is_admin(memberships.c.role))
)
LARGEST_ID = select(func.max(groups.c.id))
SIZES = select(COUNT_OWN.scalar_subquery(), LARGEST_ID.scalar_subquery())
SIZES_AND_REQUESTS = SIZES.add_columns(_TO_DECIDE.scalar_subquery())
COUNT_OWNED = (
    select(func.count())
    .select_from(memberships)
    .where(memberships.c.user_id == _USER_ID, memberships.c.role == Role.OWNER.value)
)
OWNERS = select(memberships.c.user_id).where(_IN_GROUP, memberships.c.role == Role.OWNER.value)
ADD_MEMBER = new_row(memberships, "group_id", "user_id", "role", "joined_at").values(
    joined_after_event_id=NEWEST_EVENT
)
DROP_MEMBER = delete(memberships).where(_IS_MEMBER)
ROLE = select(memberships.c.role).where(_IS_MEMBER)
SET_ROLE = (
    update(memberships)
    .where(
        memberships.c.group_id == bindparam("of_group"),
        memberships.c.user_id == bindparam("of_user"),
    )
    .values(role=bindparam("new_role"))
)
MEMBER_CALLED = (
    select(users.c.id, memberships.c.role)
    .outerjoin(memberships, _IN_GROUP & (memberships.c.user_id == users.c.id))
    .where(users.c.name == _NAME)
)
COUNT_ADMINS = (
    select(func.count()).select_from(memberships).where(_IN_GROUP, is_admin(memberships.c.role))
)
ADD_REQUEST = new_row(join_requests, "group_id", "user_id", "requested_at")
DROP_REQUEST = delete(join_requests).where(_ASKS)
PENDING = select(
    select(join_requests.c.id).where(_ASKS).exists(),
    select(func.count()).where(join_requests.c.user_id == _USER_ID).scalar_subquery(),
    select(func.count()).where(join_requests.c.group_id == _GROUP_ID).scalar_subquery(),
)
ASKER = (
    select(users.c.id, join_requests.c.id.is_not(None), removals.c.id.is_not(None))
    .outerjoin(
        join_requests,
        (join_requests.c.group_id == _GROUP_ID) & (join_requests.c.user_id == users.c.id),
    )
    .outerjoin(removals, (removals.c.group_id == _GROUP_ID) & (removals.c.user_id == users.c.id))
    .where(users.c.name == _NAME)
)


_FEW_FILES = 500


def _any_of_group(table: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Condition that a user has rows of a table about files of a group.

    It is tested for each file of a small group, in others for each row of the user.
    """
    is_mine = and_(table.c.user_id == _USER_ID, *conditions)
    files_first = select(files.c.id).where(
        files.c.group_id == _GROUP_ID,
        select(table.c.id).where(table.c.file_id == files.c.id, is_mine).exists(),
    )
    in_group = select(files.c.id).where(
        files.c.id == table.c.file_id, files.c.group_id == _GROUP_ID
    )
    rows_first = select(table.c.id).where(is_mine, in_group.exists())
    size = select(group_sizes.c.files).where(group_sizes.c.group_id == _GROUP_ID)
    is_small = size.scalar_subquery() <= _FEW_FILES
    return case((is_small, files_first.exists()), else_=rows_first.exists())


POSSESSIONS = select(
    _any_of_group(peers),
    _any_of_group(shares),
    select(announce_keys.c.id)
    .where(announce_keys.c.group_id == _GROUP_ID, announce_keys.c.user_id == _USER_ID)
    .exists(),
    select(invitations.c.id)
    .where(invitations.c.group_id == _GROUP_ID, invitations.c.created_by == _USER_ID)
    .exists(),
    select(holders.c.id)
    .where(holders.c.group_id == _GROUP_ID, holders.c.user_id == _USER_ID)
    .exists(),
)


def _senior(role: Role) -> Select[Any]:
    is_guest = select(guests.c.user_id).where(
        guests.c.user_id == memberships.c.user_id, guests.c.group_id == _GROUP_ID
    )
    first = select(memberships.c.id, memberships.c.user_id, memberships.c.role, users.c.name).join(
        users, users.c.id == memberships.c.user_id
    )
    of_role = first.where(_IN_GROUP, memberships.c.role == role.value, ~is_guest.exists())
    return select(of_role.order_by(memberships.c.id).limit(1).subquery())


SENIORS = union_all(*map(_senior, Role))


def _named(query: Select[Any], table: Table, pattern: str, lookup: Lookup) -> Select[Any]:
    """Restrict a query to rows of a table, groups or users, whose names match a pattern."""
    if lookup:
        query = query.where(may_fit(table, pattern, lookup))
    return query.where(fits(table.c.name, pattern)) if pattern else query


def _of_group(table: Table, lookup: Lookup) -> ColumnElement[bool]:
    """Condition that a row of a table is the group's.

    Where SQLite looks up users, it needs the user's id, too: so the row is found by both, and not
    by looking through all of the group's or of the user's. PostgreSQL knows how many these are.
    """
    group_id = _GROUP_ID + users.c.id * 0 if lookup == "sqlite" else _GROUP_ID
    return table.c.group_id == group_id


def _is_in(*, member: bool) -> ColumnElement[bool]:
    """Condition that the user is in a group, tested for each group."""
    mine = select(memberships.c.id).where(
        memberships.c.group_id == groups.c.id, memberships.c.user_id == _USER_ID
    )
    return mine.exists() if member else ~mine.exists()


def _first(query: Select[Any], is_in_many: bool) -> Select[Any]:
    """Select from the user's first groups by name (see _is_in_many)."""
    own = select(memberships.c.group_id).where(memberships.c.user_id == _USER_ID)
    chosen = query.where(_is_in(member=True) if is_in_many else groups.c.id.in_(own))
    return chosen.order_by(groups.c.name).limit(_LIMIT)


@lru_cache(2)
def names_of(is_in_many: bool) -> Select[Any]:
    return _first(select(groups.c.name), is_in_many)


@lru_cache(REMEMBERED)
def count(pattern: str, lookup: Lookup, member: bool | None) -> Select[Any]:
    query = _named(select(func.count()).select_from(groups), groups, pattern, lookup)
    return query if member is None else query.where(_is_in(member=member))


@lru_cache(REMEMBERED)
def page(pattern: str, lookup: Lookup, member: bool, is_scan: bool) -> Select[Any]:
    """Select the summaries of a page; `is_scan`: test all groups by name until there are enough."""
    query = _named(select(groups.c.id), groups, pattern, lookup).where(groups.c.name > _AFTER)
    if member:
        chosen = _first(query, is_scan)
    else:
        chosen = query.where(_is_in(member=False)).order_by(groups.c.name).limit(_LIMIT)
    owner = memberships.alias("owner")
    of_group = groups.c.id == chosen.subquery("chosen").c.id
    asking = select(func.count()).where(join_requests.c.group_id == groups.c.id)
    mine = select(join_requests.c.id).where(
        join_requests.c.group_id == groups.c.id, join_requests.c.user_id == _USER_ID
    )
    administers = select(memberships.c.id).where(
        memberships.c.group_id == groups.c.id,
        memberships.c.user_id == _USER_ID,
        is_admin(memberships.c.role),
    )
    return (
        select(
            *GROUP_COLUMNS,
            users.c.name,
            group_sizes.c.members,
            group_sizes.c.files,
            mine.exists(),
            case((administers.exists(), asking.scalar_subquery()), else_=0),
        )
        .join(owner, (owner.c.group_id == groups.c.id) & (owner.c.role == Role.OWNER.value))
        .join(users, users.c.id == owner.c.user_id)
        .join(group_sizes, group_sizes.c.group_id == groups.c.id)
        .where(of_group)
        .order_by(groups.c.name)
    )


@lru_cache(REMEMBERED)
def count_in(table: Any, pattern: str, lookup: Lookup) -> Select[Any]:
    """Count a group's rows of a table, of users who match a pattern."""
    query = select(func.count()).select_from(table).where(_of_group(table, lookup))
    if not pattern:
        return query
    return _named(query.join(users, users.c.id == table.c.user_id), users, pattern, lookup)


@lru_cache(REMEMBERED)
def members(pattern: str, lookup: Lookup) -> Select[Any]:
    table = memberships
    return _page(table, pattern, lookup, table.c.id, table.c.user_id, table.c.role, users.c.name)


@lru_cache(REMEMBERED)
def traffic(pattern: str, lookup: Lookup) -> Select[Any]:
    table = memberships
    return _page(table, pattern, lookup, table.c.id, users.c.name, table.c.up, table.c.down)


@lru_cache(REMEMBERED)
def requests(pattern: str, lookup: Lookup) -> Select[Any]:
    table = join_requests
    columns = (table.c.id, table.c.user_id, users.c.name, table.c.requested_at)
    return _page(table, pattern, lookup, *columns)


def _page(table: Table, pattern: str, lookup: Lookup, *columns: ColumnElement[Any]) -> Select[Any]:
    """Select the next of a group's rows in a table, of users who match a pattern, by their ids.

    Where users are looked up, a sum keeps PostgreSQL from going through all ids in their order.
    """
    query = select(*columns).join_from(table, users, users.c.id == table.c.user_id)
    query = _named(query, users, pattern, lookup)
    number = table.c.id + 0 if lookup else table.c.id
    return query.where(_of_group(table, lookup), number > _AFTER).order_by(number).limit(_LIMIT)
