"""Peers present for files, and the announce keys of stock clients."""

from __future__ import annotations

from collections.abc import Collection

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

from tracker.store.presence.trackers import FRESH_SECONDS, is_present
from tracker.store.tables import announce_keys, files, in_parts, new_row, peers

_GROUP_ID: BindParameter[int] = bindparam("group_id")
_USER_ID: BindParameter[int] = bindparam("user_id")
_IN_GROUP = select(files.c.id).where(files.c.id == peers.c.file_id, files.c.group_id == _GROUP_ID)
_IS_KEY = (announce_keys.c.group_id == _GROUP_ID) & (announce_keys.c.user_id == _USER_ID)

_DROP_FROM_GROUP = delete(peers).where(
    peers.c.user_id == _USER_ID, _IN_GROUP.correlate(peers).exists()
)
_KEY = select(announce_keys.c.key).where(_IS_KEY)
_ADD_KEY = new_row(announce_keys, "group_id", "user_id", "key").on_conflict_do_nothing(
    index_elements=["group_id", "user_id"]
)
_DROP_KEY = delete(announce_keys).where(_IS_KEY)
_SHORTEN = (
    update(peers)
    .where(peers.c.expires_at > bindparam("until"))
    .values(expires_at=bindparam("until"))
)
_DELETE_EXPIRED = delete(peers).where(peers.c.expires_at <= bindparam("now"))


class PeerRepository:
    """Peers, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def drop_user(self, user_id: int, file_ids: Collection[int]) -> None:
        """Remove all of a user's clients from these files."""
        for some in in_parts(file_ids):
            self._run(delete(peers).where(peers.c.user_id == user_id, peers.c.file_id.in_(some)))

    def drop_from_group(self, group_id: int, user_id: int) -> None:
        """Remove a user's announce key and peers from a group."""
        self.drop_key(group_id, user_id)  # from now on, no announce with it adds peers
        self._run(_DROP_FROM_GROUP, {"group_id": group_id, "user_id": user_id})

    def count(self, now: float) -> int:
        """Count the live peers; a client counts for each of its files."""
        clients = _clients(is_present(now, now - FRESH_SECONDS)).subquery()
        return int(self._run(select(func.count()).select_from(clients)).scalar_one())

    def adjust_for_clock_jump(self, before: float, now: float, longest: float) -> None:
        """Extend the presence of stock clients after the clock jumped forward from `before` to
        `now`.

        `longest` is how long, in seconds, a stock client counts as present after an announce.
        """
        until = now + longest
        self._run(
            update(peers)
            .where(peers.c.expires_at > before, peers.c.expires_at < until)
            .values(expires_at=until)
        )

    def delete_expired(self, now: float, longest: float) -> None:
        """Delete stock clients whose presence has expired.

        A presence of more than `longest` is from before the clock was set back, and is shortened.
        """
        self._run(_SHORTEN, {"until": now + longest})
        self._run(_DELETE_EXPIRED, {"now": now})

    def key_of(self, group_id: int, user_id: int) -> str | None:
        """Return a member's announce key, or None."""
        return self._run(_KEY, {"group_id": group_id, "user_id": user_id}).scalar()

    def add_key(self, group_id: int, user_id: int, key: str) -> str:
        """Store a member's announce key, unless there is one; return the stored one."""
        member = {"group_id": group_id, "user_id": user_id}
        self._run(_ADD_KEY, member | {"key": key})
        return str(self._run(_KEY, member).scalar_one())

    def drop_key(self, group_id: int, user_id: int) -> None:
        """Delete a member's announce key."""
        self._run(_DROP_KEY, {"group_id": group_id, "user_id": user_id})

    def drop_keys_of(self, user_id: int) -> None:
        """Delete all announce keys of a user."""
        self._run(delete(announce_keys).where(announce_keys.c.user_id == user_id))


def _clients(*conditions: ColumnElement[bool]) -> Select[int, int]:
    """Select the clients at each file and what they lack, once per client despite several
    addresses.
    """
    return (
        select(peers.c.file_id, func.min(peers.c.left).label("left"))
        .where(*conditions)
        .group_by(peers.c.file_id, peers.c.user_id, peers.c.peer_id)
    )
