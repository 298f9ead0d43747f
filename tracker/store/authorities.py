"""The groups' certificates and encrypted keys, and the holders of their certificates."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from tracker.store.schema import Authority, AuthorityKey, Group, Holder

_THE_ONLY_ROW = 1


class AuthorityRepository:
    """Groups' certificate authorities, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, group_id: int, certificate: str, sealed_key: bytes) -> None:
        """Store the authority of a new sealed group."""
        self._session.add(
            Authority(group_id=group_id, certificate=certificate, sealed_key=sealed_key)
        )

    def of_group(self, group_id: int) -> Authority | None:
        """Return a sealed group's authority; None for an open group."""
        return self._session.get(Authority, group_id)

    def key_fingerprint(self) -> bytes | None:
        """Return the fingerprint of the key that encrypts all groups' keys; None before its
        first use.
        """
        row = self._session.get(AuthorityKey, _THE_ONLY_ROW)
        return None if row is None else row.fingerprint

    def add_key_fingerprint(self, fingerprint: bytes) -> None:
        """Store the key's fingerprint; fails the unit of work if another tracker has stored one."""
        self._session.add(AuthorityKey(id=_THE_ONLY_ROW, fingerprint=fingerprint))

    def hold(self, group_id: int, user_id: int, token_id: int, uid: str) -> Holder:
        """Return this login's holder in a group, creating it with `uid` if necessary."""
        holder = self._session.scalar(
            select(Holder).where(Holder.group_id == group_id, Holder.token_id == token_id)
        )
        if holder is None:
            holder = Holder(
                group_id=group_id, user_id=user_id, token_id=token_id, uid=uid, certified_until=0.0
            )
            self._session.add(holder)
            self._session.flush()
        return holder

    def is_holder(self, group_id: int, token_id: int) -> bool:
        """Return whether this login holds or held certificates in a group."""
        query = select(Holder.id).where(Holder.group_id == group_id, Holder.token_id == token_id)
        return self._session.scalar(query) is not None

    def count_holders(self, group_id: int, user_id: int, now: float) -> int:
        """Count a user's logins with unexpired certificates in a group."""
        query = (
            select(func.count())
            .select_from(Holder)
            .where(
                Holder.group_id == group_id,
                Holder.user_id == user_id,
                Holder.certified_until > now,
            )
        )
        return self._session.scalar(query) or 0

    def detach_holders(self, group_id: int, user_id: int) -> list[str]:
        """Detach a departing member's holders from their logins; return the uids."""
        dismissed = self._session.scalars(
            update(Holder)
            .where(
                Holder.group_id == group_id,
                Holder.user_id == user_id,
                Holder.token_id.is_not(None),
            )
            .values(token_id=None)
            .returning(Holder.uid)
        )
        return sorted(dismissed)

    def of_tokens(self, token_ids: Collection[int], now: float) -> list[tuple[Group, str]]:
        """Return the groups where these logins hold valid certificates, with the uid in each."""
        rows = self._session.execute(
            select(Group, Holder.uid)
            .join(Holder, Holder.group_id == Group.id)
            .where(Holder.token_id.in_(token_ids), Holder.certified_until > now)
            .order_by(Group.id, Holder.uid)
        )
        return [(group, uid) for group, uid in rows]

    def removed(
        self, group_id: int, now: float, before: int | None, limit: int
    ) -> list[tuple[int, str]]:
        """Return the next revoked holders whose certificates haven't expired.

        Returns their numbers and uids, newest first.
        """
        query = select(Holder.id, Holder.uid).where(*_is_removed(group_id, now))
        if before is not None:
            query = query.where(Holder.id < before)
        rows = self._session.execute(query.order_by(Holder.id.desc()).limit(limit))
        return [(number, uid) for number, uid in rows]

    def count_removed(self, group_id: int, now: float) -> int:
        """Count all revoked holders."""
        query = select(func.count()).select_from(Holder).where(*_is_removed(group_id, now))
        return self._session.scalar(query) or 0

    def delete_expired(self, now: float) -> None:
        """Delete revoked holders whose certificates have expired."""
        self._session.execute(
            delete(Holder).where(Holder.token_id.is_(None), Holder.certified_until <= now)
        )


def _is_removed(group_id: int, now: float) -> list[ColumnElement[bool]]:
    return [
        Holder.group_id == group_id,
        Holder.token_id.is_(None),
        Holder.certified_until > now,
    ]
