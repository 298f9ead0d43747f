"""Groups' files, their metainfo, and their sharers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import (
    BindParameter,
    Connection,
    bindparam,
    delete,
    select,
    update,
)

from common.types import InfoHash, PeerId
from tracker.store.records import File, Group, NewFile
from tracker.store.tables import (
    GROUP_COLUMNS,
    completions,
    files,
    groups,
    in_parts,
    metainfos,
    new_row,
    shares,
    users,
)

COUNTED_COMPLETIONS = 8
"""Most completed downloads of one user that count for a file, however often the peer id changes."""

_FILE = (
    files.c.id,
    files.c.group_id,
    files.c.name,
    files.c.info_hash,
    files.c.size,
    files.c.pieces,
    files.c.completed,
    files.c.added_at,
)
_FILE_ID: BindParameter[int] = bindparam("file_id")
_USER_ID: BindParameter[int] = bindparam("user_id")
_GROUP_ID: BindParameter[int] = bindparam("group_id")
_OTHERS = shares.alias("others")
_IS_SHARED = select(shares.c.id).where(shares.c.file_id == files.c.id).correlate(files).exists()
_BY_OTHERS = select(_OTHERS.c.id).where(
    _OTHERS.c.file_id == shares.c.file_id, _OTHERS.c.user_id != shares.c.user_id
)
_IN_GROUP = select(files.c.id).where(files.c.id == shares.c.file_id, files.c.group_id == _GROUP_ID)
_SHARED_IN_GROUP = (shares.c.user_id == _USER_ID) & _IN_GROUP.correlate(shares).exists()

_ADD = new_row(files, *NewFile._fields, "completed").returning(*_FILE)
_ADD_METAINFO = new_row(metainfos, "file_id", "content")
_BY_NAME = select(*_FILE).where(files.c.group_id == _GROUP_ID, files.c.name == bindparam("name"))
_GROUP_OF = select(*GROUP_COLUMNS).where(groups.c.id == _GROUP_ID)
_METAINFO = select(metainfos.c.content).where(metainfos.c.file_id == _FILE_ID)
_OWNER = (
    select(users.c.name)
    .join(shares, shares.c.user_id == users.c.id)
    .where(shares.c.file_id == _FILE_ID)
    .order_by(shares.c.id)
    .limit(1)
)
_SHARE = new_row(shares, "file_id", "user_id", "shared_at").on_conflict_do_nothing()
_REMOVE = delete(files).where(files.c.id == _FILE_ID)
_REMOVE_UNSHARED = _REMOVE.where(~_IS_SHARED)
_UNSHARE = (
    delete(shares)
    .where(shares.c.file_id == _FILE_ID, shares.c.user_id == _USER_ID)
    .returning(shares.c.id)
)
_REMOVE_OF_GROUP = delete(files).where(
    files.c.id.in_(select(shares.c.file_id).where(_SHARED_IN_GROUP, ~_BY_OTHERS.exists()))
)
_UNSHARE_GROUP = delete(shares).where(_SHARED_IN_GROUP)


class FileRepository:
    """Files, within one unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def add(self, file: NewFile, metainfo: bytes) -> File:
        """Add a file without sharers; a taken name fails the unit of work."""
        added = File._make(self._run(_ADD, {**file._asdict(), "completed": 0}).one())
        self._run(_ADD_METAINFO, {"file_id": added.id, "content": metainfo})
        return added

    def by_name(self, group_id: int, name: str) -> File | None:
        """Return the group's file called `name`, or None."""
        found = self._run(_BY_NAME, {"group_id": group_id, "name": name}).first()
        return None if found is None else File._make(found)

    def by_info_hashes(self, info_hashes: Collection[InfoHash]) -> dict[InfoHash, File]:
        """Return the existing files among these."""
        found: dict[InfoHash, File] = {}
        for some in in_parts(info_hashes):
            rows = self._run(select(*_FILE).where(files.c.info_hash.in_(some)))
            found |= {InfoHash(file.info_hash): file for file in map(File._make, rows)}
        return found

    def group_of(self, file: File) -> Group:
        """Return a file's group."""
        return Group._make(self._run(_GROUP_OF, {"group_id": file.group_id}).one())

    def metainfo(self, file_id: int) -> bytes:
        """Return a file's metainfo as it was added."""
        return bytes(self._run(_METAINFO, {"file_id": file_id}).scalar_one())

    def owner(self, file_id: int) -> str:
        """Return the user who has shared the file longest."""
        return str(self._run(_OWNER, {"file_id": file_id}).scalar_one())

    def share(self, file_ids: Sequence[int], user_id: int, now: float) -> None:
        """Record that a user shares these files, ignoring shares already recorded."""
        rows = [
            {"file_id": file_id, "user_id": user_id, "shared_at": now}
            for file_id in dict.fromkeys(file_ids)
        ]
        if rows:
            self._run(_SHARE, rows)

    def remove(self, file_id: int) -> None:
        """Delete a file with its metainfo, shares and peers."""
        self._run(_REMOVE, {"file_id": file_id})

    def unshare(self, file_id: int, user_id: int) -> bool:
        """Remove a user's share, and the file if it was the last; return whether there was one."""
        dropped = self._run(_UNSHARE, {"file_id": file_id, "user_id": user_id}).first()
        if dropped is not None:
            self._run(_REMOVE_UNSHARED, {"file_id": file_id})
        return dropped is not None

    def unshare_group(self, group_id: int, user_id: int) -> None:
        """Remove all of a user's shares in a group, and the files left without sharers."""
        values = {"group_id": group_id, "user_id": user_id}
        self._run(_REMOVE_OF_GROUP, values)
        self._run(_UNSHARE_GROUP, values)

    def count_completed(self, file_ids: Collection[int], user_id: int, peer_id: PeerId) -> None:
        """Record that a client has completed these files.

        Each counts once, and at most COUNTED_COMPLETIONS times for one user.
        """
        counted: dict[int, set[bytes]] = {file_id: set() for file_id in file_ids}
        for some in in_parts(file_ids):
            known_of = select(completions.c.file_id, completions.c.peer_id).where(
                completions.c.user_id == user_id, completions.c.file_id.in_(some)
            )
            for file_id, known in self._run(known_of):
                counted[file_id].add(known)
        new = [
            file_id
            for file_id, known in counted.items()
            if peer_id not in known and len(known) < COUNTED_COMPLETIONS
        ]
        for some in in_parts(new):
            self._run(
                completions.insert(),
                [{"file_id": one, "user_id": user_id, "peer_id": peer_id} for one in some],
            )
            more = {"completed": files.c.completed + 1}
            self._run(update(files).where(files.c.id.in_(some)).values(more))
