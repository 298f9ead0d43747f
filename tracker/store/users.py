"""Accounts and their login tokens."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from tracker.store.matching import fits
from tracker.store.schema import Connection, KnownAddress, Token, User

KNOWN_ADDRESSES = 200
"""Networks that are remembered for one user: the newest."""


class UserRepository:
    """The accounts in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, name: str, password_hash: str, now: float) -> User:
        """Create an account; a name that exists makes the unit of work fail."""
        user = User(name=name, password_hash=password_hash, created_at=now)
        self._session.add(user)
        self._session.flush()
        return user

    def by_name(self, name: str) -> User | None:
        """The account called `name`."""
        return self._session.scalar(select(User).where(User.name == name))

    def by_id(self, user_id: int) -> User:
        """The account of somebody who is logged in."""
        return self._session.get_one(User, user_id)

    def lock(self, user_id: int) -> None:
        """Until the unit of work ends, nobody else counts what this user has, and adds to it."""
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
        """Keep a new login's token, good for `ttl` seconds: a session's, or of a scope."""
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
        """The session's valid token with this digest and its user, good for another `ttl` seconds.

        It is used from `address` now.
        """
        found = self._by_digest(digest, now, Token.scope.is_(None))
        if found is None:
            return None
        token, user = found
        token.expires_at = now + ttl
        token.address = address
        return token, user

    def token(self, user_id: int, token_id: int, now: float) -> Token | None:
        """The user's login with this number, if it is valid or in use."""
        query = select(Token).where(*_are_logins(user_id, now), Token.id == token_id)
        return self._session.scalar(query)

    def tokens(self, user_id: int, now: float, pattern: str, after: int, limit: int) -> list[Token]:
        """A user's next logins, the oldest first: those that are valid or in use."""
        query = select(Token).where(*_are_logins(user_id, now, pattern), Token.id > after)
        return list(self._session.scalars(query.order_by(Token.id).limit(limit)))

    def count_tokens(self, user_id: int, now: float, pattern: str) -> int:
        """How many logins those are in all."""
        query = select(func.count()).select_from(Token).where(*_are_logins(user_id, now, pattern))
        return self._session.scalar(query) or 0

    def other_tokens(self, user_id: int, token_id: int) -> list[int]:
        """The numbers of a user's logins but this one."""
        query = select(Token.id).where(Token.user_id == user_id, Token.id != token_id)
        return list(self._session.scalars(query))

    def api_token(self, digest: bytes, now: float) -> tuple[Token, User] | None:
        """The valid token for HTTP with this digest, and its user."""
        return self._by_digest(digest, now, Token.scope.is_not(None))

    def api_tokens(
        self, user_id: int, now: float, pattern: str, after: int, limit: int
    ) -> list[Token]:
        """A user's next valid tokens for HTTP, the oldest first; a pattern is for labels."""
        query = select(Token).where(*_are_for_http(user_id, now, pattern), Token.id > after)
        return list(self._session.scalars(query.order_by(Token.id).limit(limit)))

    def api_token_of(self, user_id: int, token_id: int, now: float) -> Token | None:
        """The user's valid token for HTTP with this number."""
        query = select(Token).where(*_are_for_http(user_id, now), Token.id == token_id)
        return self._session.scalar(query)

    def count_api_tokens(self, user_id: int, now: float, pattern: str) -> int:
        """How many those are in all."""
        query = select(func.count()).select_from(Token)
        return self._session.scalar(query.where(*_are_for_http(user_id, now, pattern))) or 0

    def unused_logins(self, user_id: int, now: float, kept: int) -> list[int]:
        """Of a user's sessions' tokens, those beyond the newest `kept` that nobody is using."""
        used = select(Connection.token_id)
        query = (
            select(Token.id)
            .where(Token.user_id == user_id, Token.scope.is_(None), Token.expires_at > now)
            .order_by(Token.id.desc())
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
        """End logins, and the connections and peers that came with them."""
        self._session.execute(delete(Token).where(Token.id.in_(token_ids)))

    def knows(self, name: str, network: str) -> bool:
        """Whether there is an account `name` that was logged in to from this network."""
        query = (
            select(KnownAddress.id)
            .join(User, User.id == KnownAddress.user_id)
            .where(User.name == name, KnownAddress.network == network)
        )
        return self._session.scalar(query) is not None

    def remember(self, user_id: int, network: str) -> None:
        """A user has logged in from this network."""
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
        """These users were there to be told of everything up to this event."""
        self._session.execute(
            update(User).where(User.id.in_(user_ids)).values(last_read_event_id=event_id)
        )

    def bound_tokens(self, now: float, session_ttl: float, api_ttl: float) -> None:
        """No token lasts longer from now on than one of its kind that is given out now.

        One that would was given out while the clock was ahead.
        """
        for ttl, kind in (
            (session_ttl, Token.scope.is_(None)),
            (api_ttl, Token.scope.is_not(None)),
        ):
            self._session.execute(
                update(Token).where(kind, Token.expires_at > now + ttl).values(expires_at=now + ttl)
            )

    def delete_expired_tokens(self, now: float) -> None:
        """Forget the tokens that expired, unless somebody is connected with them."""
        used = select(Connection.token_id)
        self._session.execute(delete(Token).where(Token.expires_at <= now, Token.id.not_in(used)))


def _are_logins(user_id: int, now: float, pattern: str = "") -> list[ColumnElement[bool]]:
    used = select(Connection.token_id).where(Connection.user_id == user_id)
    conditions = [Token.user_id == user_id, (Token.expires_at > now) | Token.id.in_(used)]
    return conditions + ([fits(Token.address, pattern)] if pattern else [])


def _are_for_http(user_id: int, now: float, pattern: str = "") -> list[ColumnElement[bool]]:
    conditions = [Token.user_id == user_id, Token.scope.is_not(None), Token.expires_at > now]
    return conditions + ([fits(Token.label, pattern)] if pattern else [])
