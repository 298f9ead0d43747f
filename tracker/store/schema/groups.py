"""Groups: their authorities and members, and who may become one."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tracker.store.schema.accounts import Token, User
from tracker.store.schema.base import SUM_OF_SIZES, Base, ordered


class Group(Base):
    """A group; `uid` is random and distinguishes its files from other groups'.

    `upload` says who adds files (see tracker.domain.rules). `left_up` and `left_down` are the bytes
    that former members have sent and received, added up by triggers when a membership ends: a
    migration that has SQLite copy `memberships` must create the trigger again.
    """

    __tablename__ = "groups"
    __table_args__ = ({"sqlite_autoincrement": True},)  # events refer to deleted groups

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(ordered(64), unique=True)
    uid: Mapped[str] = mapped_column(String(64), unique=True)
    mode: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[float]
    upload: Mapped[str] = mapped_column(String(16), default="members", server_default="members")
    left_up: Mapped[int] = mapped_column(default=0, server_default="0")
    left_down: Mapped[int] = mapped_column(default=0, server_default="0")


class GroupSize(Base):
    """How many files with how many bytes a group has, and members; kept by triggers.

    A migration that has SQLite copy `files`, `memberships`, `groups` or `users` must create the
    triggers again.
    """

    __tablename__ = "group_sizes"

    group_id: Mapped[int] = mapped_column(
        ForeignKey(Group.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    files: Mapped[int] = mapped_column(default=0, server_default="0")
    bytes: Mapped[int] = mapped_column(SUM_OF_SIZES, default=0, server_default="0")
    members: Mapped[int] = mapped_column(default=0, server_default="0")


class GroupQuota(Base):
    """What a group may have, where the operator decided so; NULL for the tracker's usual limit."""

    __tablename__ = "group_quotas"

    group_id: Mapped[int] = mapped_column(
        ForeignKey(Group.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    files: Mapped[int | None]
    bytes: Mapped[int | None]
    members: Mapped[int | None]


class Authority(Base):
    """A sealed group's certificate (PEM), and its private key encrypted with the trackers' key."""

    __tablename__ = "authorities"

    group_id: Mapped[int] = mapped_column(
        ForeignKey(Group.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    certificate: Mapped[str] = mapped_column(Text)
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary)


class AuthorityKey(Base):
    """The fingerprint of the trackers' encryption key; the only row has id 1."""

    __tablename__ = "authority_keys"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))


class Holder(Base):
    """A login of a member with certificates in a group, identified by `uid`.

    The last certificate is valid until `certified_until`. When the login or membership ends,
    `token_id` becomes NULL and the certificates are revoked.
    """

    __tablename__ = "holders"
    __table_args__ = (UniqueConstraint("group_id", "token_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    token_id: Mapped[int | None] = mapped_column(
        ForeignKey(Token.id, ondelete="SET NULL"), index=True
    )
    uid: Mapped[str] = mapped_column(String(64), unique=True)
    certified_until: Mapped[float]


class Membership(Base):
    """A user in a group; `id` grows with time, so it orders members by seniority.

    `up` and `down` are the bytes of the group's files that the user's clients say they have sent
    and received since. `joined_after_event_id` is the newest event at the beginning: notices are of
    later ones.
    """

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("group_id", "user_id"),
        Index(None, "group_id", "role"),
        Index(None, "group_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    joined_at: Mapped[float]
    up: Mapped[int] = mapped_column(default=0, server_default="0")
    down: Mapped[int] = mapped_column(default=0, server_default="0")
    joined_after_event_id: Mapped[int] = mapped_column(default=0, server_default="0")


class JoinRequest(Base):
    """A user who asks to become a member."""

    __tablename__ = "join_requests"
    __table_args__ = (UniqueConstraint("group_id", "user_id"), Index(None, "group_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    requested_at: Mapped[float]


class Invitation(Base):
    """An invitation to a group, with the SHA-256 of its code.

    Unless it `makes_admins`, its users get `role`.
    It is kept after its last use until `expires_at`, so that the audit can name it.
    """

    __tablename__ = "invitations"
    __table_args__ = ({"sqlite_autoincrement": True},)  # the audit refers to used ones

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"), index=True)
    created_by: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[float]
    expires_at: Mapped[float] = mapped_column(index=True)
    uses_left: Mapped[int]
    makes_admins: Mapped[bool]
    role: Mapped[str] = mapped_column(String(16), default="member", server_default="member")


class Removal(Base):
    """A user whom an admin removed from a group; only admins let the user in again."""

    __tablename__ = "removals"
    __table_args__ = (UniqueConstraint("group_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    removed_at: Mapped[float]


class Guest(Base):
    """A user whose account was created for one group, and ends with it."""

    __tablename__ = "guests"

    user_id: Mapped[int] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"), index=True)


class AnnounceKey(Base):
    """The secret in a member's HTTP announce URL."""

    __tablename__ = "announce_keys"
    __table_args__ = (UniqueConstraint("group_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
