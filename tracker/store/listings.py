"""Lists for the tracker's operator, of everything in the database."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from tracker.domain.rules import Role
from tracker.store.matching import fits
from tracker.store.presence.trackers import FRESH_SECONDS
from tracker.store.schema import presence
from tracker.store.schema.accounts import Token, User, UserSize
from tracker.store.schema.groups import Group, GroupSize, Membership
from tracker.store.schema.presence import Tracker


class UserListing(NamedTuple):
    """An account: when it was created and perhaps blocked, and what belongs to it."""

    user: str
    created_at: float
    blocked_at: float | None
    groups: int
    files: int
    sessions: int
    """Connections at all trackers."""


class GroupListing(NamedTuple):
    """A group; `bytes` is the size of all its files."""

    group: str
    mode: str
    created_at: float
    owner: str
    members: int
    files: int
    bytes: int


class SessionListing(NamedTuple):
    """A login. `tracker` is where it is connected, or None; `scope` is an API token's."""

    id: int
    user: str
    address: str
    scope: str | None
    label: str
    created_at: float
    expires_at: float
    tracker: str | None


_SESSIONS = select(func.count()).where(presence.Connection.user_id == User.id).scalar_subquery()
_GROUP = (
    Group.name,
    Group.mode,
    Group.created_at,
    User.name,
    GroupSize.members,
    GroupSize.files,
    GroupSize.bytes,
)
_USER = (
    User.name,
    User.created_at,
    User.blocked_at,
    UserSize.groups,
    UserSize.files,
    _SESSIONS,
)


class ListingRepository:
    """The operator's lists, within one unit of work, in pages."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def users(self, pattern: str, after: str, limit: int) -> list[UserListing]:
        """Return the next accounts by name."""
        query = select(*_USER).join(UserSize, UserSize.user_id == User.id).where(User.name > after)
        if pattern:
            query = query.where(fits(User.name, pattern))
        rows = self._run(query.order_by(User.name).limit(limit))
        return [UserListing(*row) for row in rows]

    def groups(self, pattern: str, after: str, limit: int) -> list[GroupListing]:
        """Return the next groups by name."""
        query = (
            select(*_GROUP)
            .join(GroupSize, GroupSize.group_id == Group.id)
            .join(User, User.id == _owner())
            .where(Group.name > after)
        )
        if pattern:
            query = query.where(fits(Group.name, pattern))
        rows = self._run(query.order_by(Group.name).limit(limit))
        return [
            GroupListing(name, mode, created_at, owner, members, files, int(size))
            for name, mode, created_at, owner, members, files, size in rows
        ]

    def sessions(
        self, user: str | None, now: float, after: int, limit: int
    ) -> list[SessionListing]:
        """Return the next logins that are valid or in use, oldest first; of all users if None."""
        at = (
            select(presence.Connection.token_id, func.min(Tracker.host), func.min(Tracker.port))
            .join(Tracker, Tracker.id == presence.Connection.tracker_id)
            .where(Tracker.heartbeat_at > now - FRESH_SECONDS)
            .group_by(presence.Connection.token_id)
            .subquery()
        )
        token, host, port = at.columns
        query = (
            select(
                Token.id,
                User.name,
                Token.address,
                Token.scope,
                Token.label,
                Token.created_at,
                Token.expires_at,
                host,
                port,
            )
            .join(User, User.id == Token.user_id)
            .outerjoin(at, token == Token.id)
            .where(Token.id > after, (Token.expires_at > now) | token.is_not(None))
        )
        if user is not None:
            query = query.where(User.name == user)
        rows = self._run(query.order_by(Token.id).limit(limit))
        return [
            SessionListing._make((*row, None if host is None else f"{host}:{port}"))
            for *row, host, port in rows
        ]


def _owner() -> Any:
    return (
        select(func.min(Membership.user_id))
        .where(Membership.group_id == Group.id, Membership.role == Role.OWNER.value)
        .scalar_subquery()
    )
