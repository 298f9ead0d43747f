"""Accounts and their login tokens."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    select,
    update,
)

from tracker.store.matching import fits
from tracker.store.records import Arriving, Token, User
from tracker.store.tables import (
    MARK_READ,
    NEWEST_EVENT,
    REMEMBERED,
    connections,
    guests,
    in_parts,
    known_addresses,
    new_row,
    tokens,
    users,
)

KNOWN_ADDRESSES = 200
"""Most networks remembered per user; the newest ones are kept."""

_DAY = 24 * 3600.0  # seconds

_USER = (users.c.id, users.c.name, users.c.password_hash, users.c.told_event, users.c.blocked_at)
_TOKEN = (
    tokens.c.id,
    tokens.c.user_id,
    tokens.c.address,
    tokens.c.created_at,
    tokens.c.expires_at,
    tokens.c.scope,
    tokens.c.label,
)
_NAME: BindParameter[str] = bindparam("name")
_USER_ID: BindParameter[int] = bindparam("user_id")
_NOW: BindParameter[float] = bindparam("now")
_IS_VALID = tokens.c.expires_at > _NOW
_IS_SESSION, _IS_FOR_HTTP = tokens.c.scope.is_(None), tokens.c.scope.is_not(None)
_IS_USED = (
    select(connections.c.id).where(connections.c.token_id == tokens.c.id).correlate(tokens).exists()
)
_CONNECTED = select(connections.c.token_id)

_ADD = (
    new_row(users, "name", "password_hash", "created_at")
    .values(told_event=NEWEST_EVENT)
    .returning(*_USER)
)
_BY_NAME = select(*_USER).where(users.c.name == _NAME)
_BY_ID = select(*_USER).where(users.c.id == _USER_ID)
_ARRIVING = select(
    *_USER,
    select(func.count())
    .select_from(connections)
    .where(connections.c.user_id == users.c.id)
    .scalar_subquery(),
    NEWEST_EVENT,
).where(users.c.id == _USER_ID)
_KNOWN = (
    select(*_USER, known_addresses.c.id)
    .outerjoin(
        known_addresses,
        (known_addresses.c.user_id == users.c.id)
        & (known_addresses.c.network == bindparam("network")),
    )
    .where(users.c.name == _NAME)
)
_ADD_TOKEN = new_row(
    tokens, "user_id", "digest", "address", "created_at", "expires_at", "scope", "label"
).returning(*_TOKEN)
_RENEW = (
    update(tokens)
    .where(tokens.c.digest == bindparam("of_digest"), _IS_VALID, _IS_SESSION)
    .values(expires_at=bindparam("until"), address=bindparam("from_address"))
    .returning(*_TOKEN)
)
_SESSION = select(*_TOKEN).where(tokens.c.digest == bindparam("of_digest"), _IS_VALID, _IS_SESSION)
_FOR_HTTP = (
    select(*_TOKEN, *_USER)
    .join(users, users.c.id == tokens.c.user_id)
    .where(tokens.c.digest == bindparam("of_digest"), _IS_VALID, _IS_FOR_HTTP)
)
_SURPLUS = (
    select(tokens.c.id)
    .where(tokens.c.user_id == _USER_ID, _IS_VALID, _IS_SESSION)
    .order_by(tokens.c.expires_at.desc(), tokens.c.id.desc())  # use extends them
    .offset(bindparam("kept"))
    .subquery()
)
_UNUSED = select(tokens.c.id).where(tokens.c.id.in_(select(_SURPLUS.c.id)), ~_IS_USED)
_REMEMBER = (
    new_row(known_addresses, "user_id", "network")
    .on_conflict_do_nothing()
    .returning(known_addresses.c.id)
)
_FORGOTTEN = (
    select(known_addresses.c.id)
    .where(known_addresses.c.user_id == _USER_ID)
    .order_by(known_addresses.c.id.desc())
    .offset(KNOWN_ADDRESSES)
    .subquery()
)
_FORGET = delete(known_addresses).where(known_addresses.c.id.in_(select(_FORGOTTEN.c.id)))


class UserRepository:
    """Accounts, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def add(self, name: str, password_hash: str, now: float) -> User:
        """Create an account, without notices; a taken name fails the unit of work."""
        values = {"name": name, "password_hash": password_hash, "created_at": now}
        return User._make(self._run(_ADD, values).one())

    def add_guest(self, user_id: int, group_id: int) -> None:
        """Have an account end with a group."""
        self._run(guests.insert(), {"user_id": user_id, "group_id": group_id})

    def by_name(self, name: str) -> User | None:
        """Return the account called `name`, or None."""
        found = self._run(_BY_NAME, {"name": name}).first()
        return None if found is None else User._make(found)

    def by_id(self, user_id: int) -> User:
        """Return a logged-in user's account."""
        return User._make(self._run(_BY_ID, {"user_id": user_id}).one())

    def arriving(self, user_id: int) -> Arriving:
        """Return the account of a user who is about to be connected."""
        *user, online, last_event_id = self._run(_ARRIVING, {"user_id": user_id}).one()
        return Arriving(User._make(user), online, last_event_id)

    def of_token(self, token_id: int) -> User | None:
        """Return the user whose login or API token this is."""
        query = select(*_USER).join(tokens, tokens.c.user_id == users.c.id)
        found = self._run(query.where(tokens.c.id == token_id)).first()
        return None if found is None else User._make(found)

    def delete(self, user_id: int) -> None:
        """Delete an account; its memberships and shares are up to the caller.

        Its files no longer count towards anybody: its number is never given to another account.
        """
        self._run(delete(users).where(users.c.id == user_id))

    def set_blocked(self, user_id: int, at: float | None) -> None:
        """Record when an account was blocked; None for one that isn't."""
        self._run(update(users).where(users.c.id == user_id).values(blocked_at=at))

    def set_password(self, user_id: int, password_hash: str) -> None:
        """Replace the stored hash."""
        self._run(update(users).where(users.c.id == user_id).values(password_hash=password_hash))

    def add_token(
        self,
        user_id: int,
        digest: bytes,
        address: str,
        now: float,
        ttl: float,
        *,
        scope: str | None = None,
        label: str = "",
    ) -> Token:
        """Store a new login's token, valid for `ttl` seconds; without a scope it is a session's."""
        values = {
            "user_id": user_id,
            "digest": digest,
            "address": address,
            "created_at": now,
            "expires_at": now + ttl,
            "scope": scope,
            "label": label,
        }
        return Token._make(self._run(_ADD_TOKEN, values).one())

    def renew_token(self, digest: bytes, address: str, now: float, ttl: float) -> Token | None:
        """Return a valid session token by its digest; extend it by `ttl` seconds.

        Records `address` as the one it is used from.
        """
        values = {"of_digest": digest, "now": now, "until": now + ttl, "from_address": address}
        found = self._run(_RENEW, values).first()
        return None if found is None else Token._make(found)

    def session_token(self, digest: bytes, now: float) -> Token | None:
        """Return a valid session token by its digest."""
        found = self._run(_SESSION, {"of_digest": digest, "now": now}).first()
        return None if found is None else Token._make(found)

    def replace_token(self, token_id: int, digest: bytes, expires_at: float) -> None:
        """Replace a token's secret, and restart its lifetime."""
        values = {"digest": digest, "expires_at": expires_at}
        self._run(update(tokens).where(tokens.c.id == token_id).values(values))

    def token(self, user_id: int, token_id: int, now: float) -> Token | None:
        """Return the user's login with this id, if it is valid or in use."""
        return self._token(_logins(""), user_id, token_id, now)

    def tokens(self, user_id: int, now: float, pattern: str, after: int, limit: int) -> list[Token]:
        """Return a user's next logins that are valid or in use, oldest first."""
        return self._tokens(_logins(pattern), user_id, now, after, limit)

    def count_tokens(self, user_id: int, now: float, pattern: str) -> int:
        """Count a user's logins that are valid or in use."""
        return self._count(_logins(pattern), user_id, now)

    def other_tokens(self, user_id: int, token_id: int) -> list[int]:
        """Return the ids of all of a user's logins except this one."""
        query = select(tokens.c.id).where(tokens.c.user_id == user_id, tokens.c.id != token_id)
        return list(self._run(query).scalars())

    def api_token(self, digest: bytes, now: float) -> tuple[Token, User] | None:
        """Return the valid HTTP token with this digest, and its user."""
        found = self._run(_FOR_HTTP, {"of_digest": digest, "now": now}).first()
        if found is None:
            return None
        width = len(_TOKEN)
        return Token._make(found[:width]), User._make(found[width:])

    def api_tokens(
        self, user_id: int, now: float, pattern: str, after: int, limit: int
    ) -> list[Token]:
        """Return a user's next valid HTTP tokens, oldest first; the pattern matches labels."""
        return self._tokens(_for_http(pattern), user_id, now, after, limit)

    def api_token_of(self, user_id: int, token_id: int, now: float) -> Token | None:
        """Return the user's valid HTTP token with this id."""
        return self._token(_for_http(""), user_id, token_id, now)

    def count_api_tokens(self, user_id: int, now: float, pattern: str) -> int:
        """Count a user's valid HTTP tokens."""
        return self._count(_for_http(pattern), user_id, now)

    def unused_logins(self, user_id: int, now: float, kept: int) -> list[int]:
        """Return a user's session tokens that aren't in use, except the `kept` used last."""
        values = {"user_id": user_id, "now": now, "kept": kept}
        return list(self._run(_UNUSED, values).scalars())

    def _token(self, of: _Tokens, user_id: int, token_id: int, now: float) -> Token | None:
        values = {"user_id": user_id, "now": now, "token_id": token_id}
        found = self._run(of.one, values).first()
        return None if found is None else Token._make(found)

    def _tokens(self, of: _Tokens, user_id: int, now: float, after: int, limit: int) -> list[Token]:
        values = {"user_id": user_id, "now": now, "after": after, "limit": limit}
        return list(map(Token._make, self._run(of.page, values)))

    def _count(self, of: _Tokens, user_id: int, now: float) -> int:
        return int(self._run(of.total, {"user_id": user_id, "now": now}).scalar_one())

    def revoke_tokens(self, token_ids: Collection[int]) -> None:
        """Delete logins with their connections and peers."""
        for some in in_parts(token_ids):
            self._run(delete(tokens).where(tokens.c.id.in_(some)))

    def with_network(self, name: str, network: str) -> tuple[User | None, bool]:
        """Return the account called `name`, and whether it was logged in to from this network."""
        found = self._run(_KNOWN, {"name": name, "network": network}).first()
        if found is None:
            return None, False
        return User._make(found[:-1]), found[-1] is not None

    def remember(self, user_id: int, network: str) -> None:
        """Record that a user has logged in from this network."""
        if self._run(_REMEMBER, {"user_id": user_id, "network": network}).first() is not None:
            self._run(_FORGET, {"user_id": user_id})

    def mark_read(self, user_ids: Collection[int], event_id: int) -> None:
        """Mark all notices of these users up to this event as read, if they weren't before."""
        for some in in_parts(user_ids):
            self._run(MARK_READ, {"user_ids": some, "event_id": event_id})

    def bound_tokens(self, now: float, session_ttl: float, api_ttl: float) -> None:
        """Shorten tokens that would outlast a newly issued one of their kind.

        Those were issued while the clock was ahead.
        """
        for ttl, kind in ((session_ttl, _IS_SESSION), (api_ttl, _IS_FOR_HTTP)):
            self._run(
                update(tokens)
                .where(kind, tokens.c.expires_at > now + ttl)
                .values(expires_at=now + ttl)
            )

    def extend_used_tokens(self, now: float, ttl: float) -> None:
        """Extend session tokens of open connections by `ttl` seconds, at most once a day."""
        self._run(
            update(tokens)
            .where(
                _IS_SESSION,
                tokens.c.expires_at < now + ttl - _DAY,
                tokens.c.id.in_(_CONNECTED),
            )
            .values(expires_at=now + ttl)
        )

    def delete_expired_tokens(self, now: float) -> None:
        """Delete expired tokens, except those of open connections."""
        self._run(delete(tokens).where(tokens.c.expires_at <= now, tokens.c.id.not_in(_CONNECTED)))


class _Tokens(NamedTuple):
    """The statements on tokens of one kind: a token by its id, a page, and the number."""

    one: Select[*tuple[Any, ...]]
    page: Select[*tuple[Any, ...]]
    total: Select[int]


def _statements(*conditions: ColumnElement[bool]) -> _Tokens:
    chosen = select(*_TOKEN).where(tokens.c.user_id == _USER_ID, *conditions)
    page = chosen.where(tokens.c.id > bindparam("after")).order_by(tokens.c.id)
    return _Tokens(
        one=chosen.where(tokens.c.id == bindparam("token_id")),
        page=page.limit(bindparam("limit")),
        total=select(func.count())
        .select_from(tokens)
        .where(tokens.c.user_id == _USER_ID, *conditions),
    )


@lru_cache(REMEMBERED)
def _logins(pattern: str) -> _Tokens:
    """Return the statements on logins that are valid or in use; the pattern matches addresses."""
    fitting = [fits(tokens.c.address, pattern)] if pattern else []
    return _statements(_IS_VALID | _IS_USED, *fitting)


@lru_cache(REMEMBERED)
def _for_http(pattern: str) -> _Tokens:
    """Return the statements on valid HTTP tokens; the pattern matches labels."""
    fitting = [fits(tokens.c.label, pattern)] if pattern else []
    return _statements(_IS_FOR_HTTP, _IS_VALID, *fitting)
