"""Accounts and their login tokens."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tracker.store.schema import Connection, Token, User


class Users:
    """The accounts in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, name: str, password_hash: str, now: float) -> None:
        """Create an account; a name that exists makes the unit of work fail."""
        self._session.add(User(name=name, password_hash=password_hash, created_at=now))
        self._session.flush()

    def by_name(self, name: str) -> User | None:
        """The account called `name`."""
        return self._session.scalar(select(User).where(User.name == name))

    def set_password(self, user_id: int, password_hash: str) -> None:
        """Replace the stored hash."""
        self._session.get_one(User, user_id).password_hash = password_hash

    def add_token(self, user_id: int, digest: bytes, address: str, now: float, ttl: float) -> int:
        """Keep a new login's token; its id."""
        token = Token(
            user_id=user_id, digest=digest, address=address, created_at=now, expires_at=now + ttl
        )
        self._session.add(token)
        self._session.flush()
        return token.id

    def renew_token(self, digest: bytes, now: float, ttl: float) -> tuple[Token, User] | None:
        """The valid token with this digest and its user, good for another `ttl` seconds."""
        found = self._session.execute(
            select(Token, User)
            .join(User, User.id == Token.user_id)
            .where(Token.digest == digest, Token.expires_at > now)
        ).one_or_none()
        if found is None:
            return None
        token, user = found
        token.expires_at = now + ttl
        return token, user

    def revoke_token(self, token_id: int) -> None:
        """End a login, and the connections and peers that came with it."""
        self._session.execute(delete(Token).where(Token.id == token_id))

    def revoke_other_tokens(self, user_id: int, kept: int) -> None:
        """End all of a user's logins but one."""
        self._session.execute(delete(Token).where(Token.user_id == user_id, Token.id != kept))

    def sweep_tokens(self, now: float) -> None:
        """Forget the tokens that expired, unless somebody is connected with them."""
        used = select(Connection.token_id)
        self._session.execute(delete(Token).where(Token.expires_at <= now, Token.id.not_in(used)))
