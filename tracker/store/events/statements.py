"""The statements that select a group's audit trail, and the notices of a user."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)

from common.api.events import EventKind
from tracker.domain.audience import Audience, kinds_for
from tracker.store.groups.statements import is_admin
from tracker.store.matching import fits
from tracker.store.tables import events, files, memberships, shares, users

_LISTED_FOR_MEMBERS = (
    Audience.MEMBERS,
    Audience.MEMBERS_AND_ACTOR,
    Audience.ADMINS,
    Audience.SHARERS,
)
"""The audiences in a group whose notices can be listed later."""

Ids = Select[int]
List = Callable[[str, bool], Ids]
"""Selects the ids of the events above `after` that match a pattern: those of a list, or part of it.
They are found by going through events in their order (True), or by looking them up (False).
"""

_AFTER: BindParameter[int] = bindparam("after")
_BEFORE: BindParameter[int] = bindparam("before")
_FEW: BindParameter[int] = bindparam("few")
_GROUP_ID: BindParameter[int] = bindparam("group_id")
_USER_ID: BindParameter[int] = bindparam("user_id")
_USER: BindParameter[str] = bindparam("user")


def in_group(pattern: str, _in_order: bool) -> Ids:
    """Select a group's events."""
    is_visible = or_(
        events.c.kind != EventKind.MEMBER_LEFT.value, events.c.actor == events.c.subject
    )
    return select(events.c.id).where(
        events.c.group_id == _GROUP_ID, events.c.id > _AFTER, is_visible, *_audit_fits(pattern)
    )


def of_accounts(pattern: str, in_order: bool) -> Ids:
    """Select the events of the accounts of a group's members."""
    # As in the index of only these. As an equation, it would lead SQLite to other indexes.
    is_account = events.c.group_id < literal_column("1")
    members = (
        select(users.c.name)
        .join(memberships, memberships.c.user_id == users.c.id)
        .where(memberships.c.group_id == _GROUP_ID)
    )
    found = select(events.c.id).where(is_account, events.c.id > _AFTER, *_audit_fits(pattern))
    if in_order:
        return found.where(members.where(users.c.name == events.c.subject).exists())
    return found.where(events.c.subject.in_(members))


def _audit_fits(pattern: str) -> list[ColumnElement[bool]]:
    columns = (events.c.actor, events.c.kind, events.c.subject)
    return [or_(*(fits(column, pattern) for column in columns))] if pattern else []


def in_groups_of(pattern: str, in_order: bool) -> Ids:
    """Select the events in a user's groups that are for the user, since the user joined."""
    kinds = [kind for audience in _LISTED_FOR_MEMBERS for kind in kinds_for(audience)]
    includes = or_(
        *(events.c.kind.in_(kinds_for(one)) & _includes(one) for one in _LISTED_FOR_MEMBERS)
    )
    joined = memberships.c.joined_after_event_id
    is_theirs = and_(
        memberships.c.group_id == events.c.group_id,
        memberships.c.user_id == _USER_ID,
        events.c.id > case((joined > _AFTER, joined), else_=_AFTER),
        includes,
    )
    found = select(events.c.id).where(events.c.kind.in_(kinds), *_notice_fits(pattern))
    if in_order:
        return found.where(events.c.id > _AFTER, exists().where(is_theirs))
    return found.join(memberships, is_theirs)


def crowded_after() -> Select[int | None]:
    """Select where the part of a range begins in which no group of a user has many events.

    That is the id of the newest event that has `few` newer ones of its group in the range, between
    `after` and `before`; None if there is none.
    """
    one_of_many = (
        select(events.c.id)
        .where(
            events.c.group_id == memberships.c.group_id,
            events.c.id > _AFTER,
            events.c.id < _BEFORE,
        )
        .order_by(events.c.id.desc())
        .limit(1)
        .offset(_FEW)
        .correlate(memberships)
        .scalar_subquery()
    )
    return select(func.max(one_of_many)).where(memberships.c.user_id == _USER_ID)


def about(pattern: str, _in_order: bool) -> Ids:
    """Select the events about a user."""
    created_at = select(users.c.created_at).where(users.c.id == _USER_ID).scalar_subquery()
    return select(events.c.id).where(
        events.c.subject == _USER,
        events.c.kind.in_(kinds_for(Audience.SUBJECT)),
        events.c.id > _AFTER,
        events.c.at >= created_at,  # another account may have had the name before
        *_notice_fits(pattern),
    )


def _notice_fits(pattern: str) -> list[ColumnElement[bool]]:
    """Return the conditions on a user's notices: others did it, and the text fits."""
    fitting = [fits(events.c.text, pattern)] if pattern else []
    return [events.c.actor != _USER, *fitting]


def _includes(audience: Audience) -> ColumnElement[bool]:
    """Return the condition for a member of an event's group to be in its audience."""
    match audience:
        case Audience.ADMINS:
            return is_admin(memberships.c.role)
        case Audience.SHARERS:
            shared = select(shares.c.id).where(
                shares.c.user_id == memberships.c.user_id,
                shares.c.shared_at <= events.c.at,
                files.c.id == shares.c.file_id,
                files.c.group_id == events.c.group_id,
                files.c.name == events.c.subject,
            )
            return shared.correlate(events, memberships).exists()
        case _:
            return true()
