"""Groups' files, their metainfo, and their sharers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Exists, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from common.types import InfoHash, PeerId
from tracker.store.records import Group
from tracker.store.schema import Completion, File, Metainfo, Share, User
from tracker.store.tables import GROUP_COLUMNS, groups

COUNTED_COMPLETIONS = 8
"""Most completed downloads of one user that count for a file, however often the peer id changes."""

_GROUP_OF = select(*GROUP_COLUMNS).where(groups.c.id == bindparam("group_id"))


class FileRepository:
    """Files, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, file: File, metainfo: bytes) -> None:
        """Add a file without sharers; a taken name fails the unit of work."""
        self._session.add(file)
        self._session.flush()
        self._session.add(Metainfo(file_id=file.id, content=metainfo))

    def count_added_by(self, user_id: int) -> tuple[int, int]:
        """Count the files that a user has added, and their bytes of metainfo."""
        count, size = self._session.execute(
            select(func.count(), func.coalesce(func.sum(File.metainfo_size), 0)).where(
                File.added_by == user_id
            )
        ).one()
        return count, int(size)  # PostgreSQL sums large numbers in another type

    def count_in_group(self, group_id: int) -> int:
        """Count a group's files."""
        query = select(func.count()).select_from(File).where(File.group_id == group_id)
        return self._session.scalar(query) or 0

    def by_name(self, group_id: int, name: str) -> File | None:
        """Return the group's file called `name`, or None."""
        return self._session.scalar(
            select(File).where(File.group_id == group_id, File.name == name)
        )

    def by_info_hashes(self, info_hashes: Collection[InfoHash]) -> dict[InfoHash, File]:
        """Return the existing files among these."""
        found = self._session.scalars(select(File).where(File.info_hash.in_(info_hashes)))
        return {InfoHash(file.info_hash): file for file in found}

    def group_of(self, file: File) -> Group:
        """Return a file's group."""
        found = self._session.execute(_GROUP_OF, {"group_id": file.group_id}).one()
        return Group._make(found)

    def metainfo(self, file_id: int) -> bytes:
        """Return a file's metainfo as it was added."""
        return self._session.get_one(Metainfo, file_id).content

    def owner(self, file_id: int) -> str:
        """Return the user who has shared the file longest."""
        return self._session.scalars(
            select(User.name)
            .join(Share, Share.user_id == User.id)
            .where(Share.file_id == file_id)
            .order_by(Share.id)
            .limit(1)
        ).one()

    def share(self, file_ids: Sequence[int], user_id: int, now: float) -> None:
        """Record that a user shares these files, ignoring shares already recorded."""
        known = set(
            self._session.scalars(
                select(Share.file_id).where(Share.user_id == user_id, Share.file_id.in_(file_ids))
            )
        )
        self._session.add_all(
            Share(file_id=file_id, user_id=user_id, shared_at=now)
            for file_id in dict.fromkeys(file_ids)
            if file_id not in known
        )
        self._session.flush()

    def remove(self, file_id: int) -> None:
        """Delete a file with its metainfo, shares and peers."""
        self._session.execute(delete(File).where(File.id == file_id))

    def unshare(self, file_id: int, user_id: int) -> bool:
        """Remove a user's share, and the file if it was the last; return whether there was one."""
        dropped = self._session.execute(
            delete(Share)
            .where(Share.file_id == file_id, Share.user_id == user_id)
            .returning(Share.id)
        ).all()
        self._session.execute(delete(File).where(File.id == file_id, ~_is_shared()))
        return bool(dropped)

    def unshare_group(self, group_id: int, user_id: int) -> None:
        """Remove all of a user's shares in a group, and the files left without sharers."""
        own = select(File.id).where(File.group_id == group_id)
        self._session.execute(delete(Share).where(Share.user_id == user_id, Share.file_id.in_(own)))
        self._session.execute(delete(File).where(File.group_id == group_id, ~_is_shared()))

    def count_completed(self, file_ids: Collection[int], user_id: int, peer_id: PeerId) -> None:
        """Record that a client has completed these files.

        Each counts once, and at most COUNTED_COMPLETIONS times for one user.
        """
        counted: dict[int, set[bytes]] = {file_id: set() for file_id in file_ids}
        rows = self._session.execute(
            select(Completion.file_id, Completion.peer_id).where(
                Completion.user_id == user_id, Completion.file_id.in_(file_ids)
            )
        )
        for file_id, known in rows:
            counted[file_id].add(known)
        new = [
            file_id
            for file_id, known in counted.items()
            if peer_id not in known and len(known) < COUNTED_COMPLETIONS
        ]
        self._session.add_all(
            Completion(file_id=file_id, user_id=user_id, peer_id=peer_id) for file_id in new
        )
        self._session.execute(
            update(File).where(File.id.in_(new)).values(completed=File.completed + 1)
        )


def _is_shared() -> Exists:
    return select(Share.id).where(Share.file_id == File.id).correlate(File).exists()
