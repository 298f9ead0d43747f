"""Files of groups: their metainfo, who shares them, and who has completed them."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tracker.store.schema.accounts import User
from tracker.store.schema.base import Base, ordered
from tracker.store.schema.groups import Group


class File(Base):
    """A shared file or folder; `completed` counts the announced completions.

    `added_by` is the user whose quotas it counts towards.
    """

    __tablename__ = "files"
    __table_args__ = (
        UniqueConstraint("group_id", "name"),
        Index(None, "group_id", "size"),
        Index(None, "group_id", "added_at"),
        Index(None, "group_id", "id"),
        Index("ix_files_added_by_sizes", "added_by", "metainfo_size", "size"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(ordered(255))
    info_hash: Mapped[bytes] = mapped_column(LargeBinary(20), unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    pieces: Mapped[int]
    completed: Mapped[int] = mapped_column(default=0)
    added_at: Mapped[float]
    added_by: Mapped[int | None]
    metainfo_size: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class Metainfo(Base):
    """A file's metainfo exactly as added; a separate table because it is large."""

    __tablename__ = "metainfos"

    file_id: Mapped[int] = mapped_column(
        ForeignKey(File.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Share(Base):
    """A user sharing a file; the one with the smallest `id` is the owner."""

    __tablename__ = "shares"
    __table_args__ = (UniqueConstraint("file_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey(File.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    shared_at: Mapped[float]


class Completion(Base):
    """A client that has reported completing a file; each counts once."""

    __tablename__ = "completions"
    __table_args__ = (UniqueConstraint("file_id", "user_id", "peer_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey(File.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    peer_id: Mapped[bytes] = mapped_column(LargeBinary(20))
