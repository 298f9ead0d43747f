"""Accounts and their login tokens."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from tracker.store.matching import fits
from tracker.store.schema import Connection, File, Guest, KnownAddress, Token, User

KNOWN_ADDRESSES = 200
"""Most networks remembered per user; the newest ones are kept."""

_DAY = 24 * 3600.0  # seconds


class UserRepository:
    """Accounts, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, name: str, password_hash: str, now: float) -> User:
        """Create an account; a taken name fails the unit of work."""
        user = User(name=name, password_hash=password_hash, created_at=now)
        self._session.add(user)
        self._session.flush()
        return user

    def add_guest(self, user_id: int, group_id: int) -> None:
        """Have an account end with a group."""
        self._session.add(Guest(user_id=user_id, group_id=group_id))

    def by_name(self, name: str) -> User | None:
        """Return the account called `name`, or None."""
        return self._session.scalar(select(User).where(User.name == name))

    def by_id(self, user_id: int) -> User:
        """Return a logged-in user's account."""
        return self._session.get_one(User, user_id)

    def of_token(self, token_id: int) -> User | None:
        """Return the user whose login or API token this is."""
        query = select(User).join(Token, Token.user_id == User.id).where(Token.id == token_id)
        return self._session.scalar(query)

    def delete(self, user_id: int) -> None:
        """Delete an account; its memberships and shares are up to the caller.

        Its files no longer count towards anybody: the number may be given to another account.
        """
        self._session.execute(update(File).where(File.added_by == user_id).values(added_by=None))
        self._session.execute(delete(User).where(User.id == user_id))

    def lock(self, user_id: int) -> None:
        """Lock a user until the unit of work ends, so that no other one changes what the quotas
        count.
        """
        self._session.get_one(User, user_id, with_for_update=True)

    def set_password(self, user_id: int, password_hash: str) -> None:
        """Replace the stored hash."""
        self._session.get_one(User, user_id).password_hash = password_hash

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
        token = Token(
            user_id=user_id,
            digest=digest,
            address=address,
            created_at=now,
            expires_at=now + ttl,
            scope=scope,
            label=label,
        )
        self._session.add(token)
        self._session.flush()
        return token

    def renew_token(
        self, digest: bytes, address: str, now: float, ttl: float
    ) -> tuple[Token, User] | None:
        """Return a valid session token by its digest, with its user; extend it by `ttl` seconds.

        Records `address` as the one it is used from.
        """
        found = self._by_digest(digest, now, Token.scope.is_(None))
        if found is None:
            return None
        token, user = found
        token.expires_at = now + ttl
        token.address = address
        return token, user

    def token(self, user_id: int, token_id: int, now: float) -> Token | None:
        """Return the user's login with this id, if it is valid or in use."""
        query = select(Token).where(*_are_logins(user_id, now), Token.id == token_id)
        return self._session.scalar(query)

    def tokens(self, user_id: int, now: float, pattern: str, after: int, limit: int) -> list[Token]:
        """Return a user's next logins that are valid or in use, oldest first."""
        query = select(Token).where(*_are_logins(user_id, now, pattern), Token.id > after)
        return list(self._session.scalars(query.order_by(Token.id).limit(limit)))

    def count_tokens(self, user_id: int, now: float, pattern: str) -> int:
        """Count a user's logins that are valid or in use."""
        query = select(func.count()).select_from(Token).where(*_are_logins(user_id, now, pattern))
        return self._session.scalar(query) or 0

    def other_tokens(self, user_id: int, token_id: int) -> list[int]:
        """Return the ids of all of a user's logins except this one."""
        query = select(Token.id).where(Token.user_id == user_id, Token.id != token_id)
        return list(self._session.scalars(query))

    def api_token(self, digest: bytes, now: float) -> tuple[Token, User] | None:
        """Return the valid HTTP token with this digest, and its user."""
        return self._by_digest(digest, now, Token.scope.is_not(None))

    def api_tokens(
        self, user_id: int, now: float, pattern: str, after: int, limit: int
    ) -> list[Token]:
        """Return a user's next valid HTTP tokens, oldest first; the pattern matches labels."""
        query = select(Token).where(*_are_for_http(user_id, now, pattern), Token.id > after)
        return list(self._session.scalars(query.order_by(Token.id).limit(limit)))

    def api_token_of(self, user_id: int, token_id: int, now: float) -> Token | None:
        """Return the user's valid HTTP token with this id."""
        query = select(Token).where(*_are_for_http(user_id, now), Token.id == token_id)
        return self._session.scalar(query)

    def count_api_tokens(self, user_id: int, now: float, pattern: str) -> int:
        """Count a user's valid HTTP tokens."""
        query = select(func.count()).select_from(Token)
        return self._session.scalar(query.where(*_are_for_http(user_id, now, pattern))) or 0

    def unused_logins(self, user_id: int, now: float, kept: int) -> list[int]:
        """Return a user's session tokens that aren't in use, except the `kept` used last."""
        used = select(Connection.token_id)
        query = (
            select(Token.id)
            .where(Token.user_id == user_id, Token.scope.is_(None), Token.expires_at > now)
            .order_by(Token.expires_at.desc(), Token.id.desc())  # use extends them
            .offset(kept)
        )
        beyond = list(self._session.scalars(query))
        found = select(Token.id).where(Token.id.in_(beyond), Token.id.not_in(used))
        return list(self._session.scalars(found))

    def _by_digest(
        self, digest: bytes, now: float, kind: ColumnElement[bool]
    ) -> tuple[Token, User] | None:
        found = self._session.execute(
            select(Token, User)
            .join(User, User.id == Token.user_id)
            .where(Token.digest == digest, Token.expires_at > now, kind)
        ).one_or_none()
        return None if found is None else (found[0], found[1])

    def revoke_tokens(self, token_ids: Collection[int]) -> None:
        """Delete logins with their connections and peers."""
        self._session.execute(delete(Token).where(Token.id.in_(token_ids)))

    def knows(self, name: str, network: str) -> bool:
        """Return whether the account `name` was logged in to from this network."""
        query = (
            select(KnownAddress.id)
            .join(User, User.id == KnownAddress.user_id)
            .where(User.name == name, KnownAddress.network == network)
        )
        return self._session.scalar(query) is not None

    def remember(self, user_id: int, network: str) -> None:
        """Record that a user has logged in from this network."""
        known = select(KnownAddress.id).filter_by(user_id=user_id, network=network)
        if self._session.scalar(known) is not None:
            return
        former = (
            select(KnownAddress.id)
            .filter_by(user_id=user_id)
            .order_by(KnownAddress.id.desc())
            .offset(KNOWN_ADDRESSES - 1)
        )
        forgotten = list(self._session.scalars(former))
        self._session.execute(delete(KnownAddress).where(KnownAddress.id.in_(forgotten)))
        self._session.add(KnownAddress(user_id=user_id, network=network))

    def mark_read(self, user_ids: Collection[int], event_id: int) -> None:
        """Mark all notices of these users up to this event as read."""
        self._session.execute(
            update(User).where(User.id.in_(user_ids)).values(last_read_event_id=event_id)
        )

    def bound_tokens(self, now: float, session_ttl: float, api_ttl: float) -> None:
        """Shorten tokens that would outlast a newly issued one of their kind.

        Those were issued while the clock was ahead.
        """
        for ttl, kind in (
            (session_ttl, Token.scope.is_(None)),
            (api_ttl, Token.scope.is_not(None)),
        ):
            self._session.execute(
                update(Token).where(kind, Token.expires_at > now + ttl).values(expires_at=now + ttl)
            )

    def extend_used_tokens(self, now: float, ttl: float) -> None:
        """Extend session tokens of open connections by `ttl` seconds, at most once a day."""
        used = select(Connection.token_id)
        self._session.execute(
            update(Token)
            .where(Token.scope.is_(None), Token.expires_at < now + ttl - _DAY, Token.id.in_(used))
            .values(expires_at=now + ttl)
        )

    def delete_expired_tokens(self, now: float) -> None:
        """Delete expired tokens, except those of open connections."""
        used = select(Connection.token_id)
        self._session.execute(delete(Token).where(Token.expires_at <= now, Token.id.not_in(used)))


def _are_logins(user_id: int, now: float, pattern: str = "") -> list[ColumnElement[bool]]:
    used = select(Connection.token_id).where(Connection.user_id == user_id)
    conditions = [Token.user_id == user_id, (Token.expires_at > now) | Token.id.in_(used)]
    return conditions + ([fits(Token.address, pattern)] if pattern else [])


def _are_for_http(user_id: int, now: float, pattern: str = "") -> list[ColumnElement[bool]]:
    conditions = [Token.user_id == user_id, Token.scope.is_not(None), Token.expires_at > now]
    return conditions + ([fits(Token.label, pattern)] if pattern else [])
