"""The groups' certificates and encrypted keys, and the holders of their certificates."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, select, update

from tracker.store.records import Authority, Group, Holder
from tracker.store.tables import (
    GROUP_COLUMNS,
    authorities,
    authority_keys,
    groups,
    holders,
    in_parts,
    new_row,
)

_THE_ONLY_ROW = 1
_HOLDER = (holders.c.id, holders.c.uid, holders.c.certified_until)
_GROUP_ID: BindParameter[int] = bindparam("group_id")
_USER_ID: BindParameter[int] = bindparam("user_id")
_NOW: BindParameter[float] = bindparam("now")
_IS_THEIRS = (holders.c.group_id == _GROUP_ID) & (holders.c.token_id == bindparam("token_id"))
_IS_REMOVED = (
    (holders.c.group_id == _GROUP_ID)
    & holders.c.token_id.is_(None)
    & (holders.c.certified_until > _NOW)
)

_ADD = new_row(authorities, "group_id", "certificate", "sealed_key")
_OF_GROUP = select(authorities.c.certificate, authorities.c.sealed_key).where(
    authorities.c.group_id == _GROUP_ID
)
_KEY = select(authority_keys.c.fingerprint).where(authority_keys.c.id == _THE_ONLY_ROW)
_ADD_KEY = new_row(authority_keys, "id", "fingerprint").on_conflict_do_nothing()
_HOLD = new_row(
    holders, "group_id", "user_id", "token_id", "uid", "certified_until"
).on_conflict_do_nothing(index_elements=["group_id", "token_id"])
_OF_TOKEN = select(*_HOLDER).where(_IS_THEIRS)
_CERTIFY = (
    update(holders)
    .where(holders.c.id == bindparam("number"), holders.c.certified_until < bindparam("until"))
    .values(certified_until=bindparam("until"))
)
_COUNT = (
    select(func.count())
    .select_from(holders)
    .where(
        holders.c.group_id == _GROUP_ID,
        holders.c.user_id == _USER_ID,
        holders.c.certified_until > _NOW,
    )
)
_DETACH = (
    update(holders)
    .where(
        holders.c.group_id == bindparam("of_group"),
        holders.c.user_id == bindparam("of_user"),
        holders.c.token_id.is_not(None),
    )
    .values(token_id=None)
    .returning(holders.c.uid)
)
_REMOVED = (
    select(holders.c.id, holders.c.uid)
    .where(_IS_REMOVED)
    .order_by(holders.c.id.desc())
    .limit(bindparam("limit"))
)
_REMOVED_BEFORE = _REMOVED.where(holders.c.id < bindparam("before"))
_COUNT_REMOVED = select(func.count()).select_from(holders).where(_IS_REMOVED)


class AuthorityRepository:
    """Groups' certificate authorities, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def add(self, group_id: int, certificate: str, sealed_key: bytes) -> None:
        """Store the authority of a new sealed group."""
        values = {"group_id": group_id, "certificate": certificate, "sealed_key": sealed_key}
        self._run(_ADD, values)

    def of_group(self, group_id: int) -> Authority | None:
        """Return a sealed group's authority; None for an open group."""
        found = self._run(_OF_GROUP, {"group_id": group_id}).first()
        return None if found is None else Authority._make(found)

    def key_fingerprint(self) -> bytes | None:
        """Return the fingerprint of the key that encrypts all groups' keys; None before its
        first use.
        """
        return self._run(_KEY).scalar()

    def add_key_fingerprint(self, fingerprint: bytes) -> None:
        """Store the key's fingerprint, unless another tracker has stored one."""
        self._run(_ADD_KEY, {"id": _THE_ONLY_ROW, "fingerprint": fingerprint})

    def hold(self, group_id: int, user_id: int, token_id: int, uid: str) -> Holder:
        """Return this login's holder in a group, creating it with `uid` if necessary."""
        values = {"group_id": group_id, "user_id": user_id, "token_id": token_id, "uid": uid}
        self._run(_HOLD, values | {"certified_until": 0.0})
        return Holder._make(self._run(_OF_TOKEN, values).one())

    def certify(self, holder_id: int, until: float) -> None:
        """Record that a holder has a certificate which is valid until then."""
        self._run(_CERTIFY, {"number": holder_id, "until": until})

    def is_holder(self, group_id: int, token_id: int) -> bool:
        """Return whether this login holds or held certificates in a group."""
        values = {"group_id": group_id, "token_id": token_id}
        return self._run(_OF_TOKEN, values).first() is not None

    def count_holders(self, group_id: int, user_id: int, now: float) -> int:
        """Count a user's logins with unexpired certificates in a group."""
        values = {"group_id": group_id, "user_id": user_id, "now": now}
        return int(self._run(_COUNT, values).scalar_one())

    def detach_holders(self, group_id: int, user_id: int) -> list[str]:
        """Detach a departing member's holders from their logins; return the uids."""
        dismissed = self._run(_DETACH, {"of_group": group_id, "of_user": user_id})
        return sorted(dismissed.scalars())

    def of_tokens(self, token_ids: Collection[int], now: float) -> list[tuple[Group, str]]:
        """Return the groups where these logins hold valid certificates, with the uid in each."""
        found: list[tuple[Group, str]] = []
        for some in in_parts(token_ids):
            rows = self._run(
                select(*GROUP_COLUMNS, holders.c.uid)
                .join(holders, holders.c.group_id == groups.c.id)
                .where(holders.c.token_id.in_(some), holders.c.certified_until > now)
            )
            found += [(Group._make(group), uid) for *group, uid in rows]
        return sorted(found)

    def removed(
        self, group_id: int, now: float, before: int | None, limit: int
    ) -> list[tuple[int, str]]:
        """Return the next revoked holders whose certificates haven't expired.

        Returns their numbers and uids, newest first.
        """
        values = {"group_id": group_id, "now": now, "before": before, "limit": limit}
        rows = self._run(_REMOVED if before is None else _REMOVED_BEFORE, values)
        return [(number, uid) for number, uid in rows]

    def count_removed(self, group_id: int, now: float) -> int:
        """Count all revoked holders."""
        return int(self._run(_COUNT_REMOVED, {"group_id": group_id, "now": now}).scalar_one())

    def delete_expired(self, now: float) -> None:
        """Delete revoked holders whose certificates have expired."""
        self._run(
            delete(holders).where(holders.c.token_id.is_(None), holders.c.certified_until <= now)
        )
