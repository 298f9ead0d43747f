"""Accounts: users, their logins, and what they have added."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tracker.store.schema.base import SUM_OF_SIZES, Base


class User(Base):
    """An account; `last_read_event_id` is the newest event that its user has read notices up to.

    Nobody can log in to it while `blocked_at` has a time.
    """

    __tablename__ = "users"
    __table_args__ = ({"sqlite_autoincrement": True},)  # a request may outlast its user

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[float]
    last_read_event_id: Mapped[int] = mapped_column("told_event", default=0, server_default="0")
    blocked_at: Mapped[float | None]


class Token(Base):
    """A login, with the SHA-256 of its token; it expires at `expires_at` unless used.

    `scope` (see common.api.operation) and `label` belong to HTTP API tokens; a session's token has
    no scope.
    """

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    address: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[float]
    expires_at: Mapped[float]
    scope: Mapped[str | None] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(64), default="", server_default="")


class KnownAddress(Base):
    """A network (see common.party) that a user has logged in from."""

    __tablename__ = "known_addresses"
    __table_args__ = (UniqueConstraint("user_id", "network"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    network: Mapped[str] = mapped_column(String(64))


class UserSize(Base):
    """How many files with how many bytes, also of metainfo, a user has added, and how many groups
    the user is in; as above.
    """

    __tablename__ = "user_sizes"

    user_id: Mapped[int] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    files: Mapped[int] = mapped_column(default=0, server_default="0")
    bytes: Mapped[int] = mapped_column(SUM_OF_SIZES, default=0, server_default="0")
    metainfo_bytes: Mapped[int] = mapped_column(SUM_OF_SIZES, default=0, server_default="0")
    groups: Mapped[int] = mapped_column(default=0, server_default="0")


class UserQuota(Base):
    """What a user may add, where the operator decided so; NULL for the tracker's usual limit."""

    __tablename__ = "user_quotas"

    user_id: Mapped[int] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    files: Mapped[int | None]
    bytes: Mapped[int | None]
