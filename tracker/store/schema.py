"""The database tables. Times are seconds since the epoch, UTC.

Durable: users, tokens, known addresses, groups with their authorities, memberships, join requests,
invitations, quotas, files, completed downloads, shares, announce keys, events; and
certificate holders, as long as a certificate may be valid. Derived from them, by triggers: sizes of
groups and users. Ephemeral: trackers (with a heartbeat), their connections, peers, and notices of
rendezvous. A session's peers exist as long as its connection, a stock client's until they expire.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def _ordered(length: int) -> TypeEngine[str]:
    """A string column that sorts by code points on every database, as SQLite does."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


_SUM = Numeric(40, 0).with_variant(Integer(), "sqlite")
"""Of sizes, which no disk has but somebody may claim: the database refuses no file for them."""


DERIVED = frozenset({"group_sizes", "user_sizes"})
"""Tables that the database itself fills, from the others."""


class Base(DeclarativeBase):
    """The base of all tables; names every constraint, so that migrations can refer to it."""

    metadata = MetaData(naming_convention=_NAMING)
    # SQLite's integers have 64 bits by themselves, and only those number rows.
    type_annotation_map: ClassVar = {int: BigInteger().with_variant(Integer(), "sqlite")}


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


class Group(Base):
    """A group; `uid` is random and distinguishes its files from other groups'.

    `upload` says who adds files (see tracker.domain.rules).
    """

    __tablename__ = "groups"
    __table_args__ = ({"sqlite_autoincrement": True},)  # events refer to deleted groups

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(_ordered(64), unique=True)
    uid: Mapped[str] = mapped_column(String(64), unique=True)
    mode: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[float]
    upload: Mapped[str] = mapped_column(String(16), default="members", server_default="members")


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
    bytes: Mapped[int] = mapped_column(_SUM, default=0, server_default="0")
    members: Mapped[int] = mapped_column(default=0, server_default="0")


class UserSize(Base):
    """How many files with how many bytes, also of metainfo, a user has added, and how many groups
    the user is in; as above.
    """

    __tablename__ = "user_sizes"

    user_id: Mapped[int] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    files: Mapped[int] = mapped_column(default=0, server_default="0")
    bytes: Mapped[int] = mapped_column(_SUM, default=0, server_default="0")
    metainfo_bytes: Mapped[int] = mapped_column(_SUM, default=0, server_default="0")
    groups: Mapped[int] = mapped_column(default=0, server_default="0")


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


class UserQuota(Base):
    """What a user may add, where the operator decided so; NULL for the tracker's usual limit."""

    __tablename__ = "user_quotas"

    user_id: Mapped[int] = mapped_column(
        ForeignKey(User.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    files: Mapped[int | None]
    bytes: Mapped[int | None]


class GroupQuota(Base):
    """What a group may have, where the operator decided so; NULL for the tracker's usual limit."""

    __tablename__ = "group_quotas"

    group_id: Mapped[int] = mapped_column(
        ForeignKey(Group.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    files: Mapped[int | None]
    bytes: Mapped[int | None]
    members: Mapped[int | None]


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
    name: Mapped[str] = mapped_column(_ordered(255))
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


class AnnounceKey(Base):
    """The secret in a member's HTTP announce URL."""

    __tablename__ = "announce_keys"
    __table_args__ = (UniqueConstraint("group_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)


class Event(Base):
    """An event, pushed as a notice, and kept when the group is deleted.

    An event of an account has group id 0, and the account as its subject. `address` is the actor's
    IP address, empty if the event followed from another one. `removed` lists, separated by spaces,
    the uids of holders whose certificates it revokes. `info_hash` is that of a file which it
    removes from the group.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index(None, "group_id", "id"),
        Index(
            "ix_events_of_accounts",
            "subject",
            "id",
            sqlite_where=text("group_id < 1"),
            postgresql_where=text("group_id < 1"),
        ),
        Index(None, "group_id", "kind", "id", "actor"),
        Index(None, "subject", "kind", "actor"),
        Index(
            None,
            "info_hash",
            sqlite_where=text("info_hash IS NOT NULL"),
            postgresql_where=text("info_hash IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},  # ids are never reused
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    kind: Mapped[str] = mapped_column(String(32))
    group_id: Mapped[int]
    group_name: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(String(1024))
    removed: Mapped[str] = mapped_column(Text, default="", server_default="")
    address: Mapped[str] = mapped_column(String(64), default="", server_default="")
    info_hash: Mapped[bytes | None] = mapped_column(LargeBinary(20))


class Tracker(Base):
    """A running tracker process, with its session and HTTP addresses.

    `http_port` is None if it serves no stock clients.
    """

    __tablename__ = "trackers"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int]
    http_port: Mapped[int | None]
    heartbeat_at: Mapped[float]


class Connection(Base):
    """A logged-in client's connection to a tracker, which makes its user online. Deleted with
    its token.

    The tracker sees it come from `host` and `port`; older trackers don't record that.
    `local` are the client's addresses inside its own network, as tracker.domain.whereabouts encodes
    them, and `other_host` the one of the other family than the connection's; empty without.
    """

    __tablename__ = "connections"
    __table_args__ = (
        Index(
            None,
            "other_host",
            sqlite_where=text("other_host <> ''"),
            postgresql_where=text("other_host <> ''"),
        ),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey(Tracker.id, ondelete="CASCADE"), index=True)
    token_id: Mapped[int] = mapped_column(ForeignKey(Token.id, ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    opened_at: Mapped[float]
    host: Mapped[str | None] = mapped_column(String(64))
    port: Mapped[int | None]
    local: Mapped[str] = mapped_column(String(255), server_default="")
    other_host: Mapped[str] = mapped_column(String(64), server_default="")
    other_port: Mapped[int] = mapped_column(server_default="0")


class Rendezvous(Base):
    """A notice of a rendezvous (JSON) that waits for the tracker of its recipient's connection."""

    __tablename__ = "rendezvous"

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[str] = mapped_column(
        ForeignKey(Connection.id, ondelete="CASCADE"), index=True
    )
    notice: Mapped[str] = mapped_column(Text)
    at: Mapped[float]


class Completion(Base):
    """A client that has reported completing a file; each counts once."""

    __tablename__ = "completions"
    __table_args__ = (UniqueConstraint("file_id", "user_id", "peer_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey(File.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    peer_id: Mapped[bytes] = mapped_column(LargeBinary(20))


class Peer(Base):
    """A client present for a file, as long as its connection or until `expires_at`.

    A client reachable over IPv4 and IPv6 has a row for each. A user's rows are in the order in
    which they were recorded. `place` is the user's in the file's ring (see
    tracker.domain.selection).
    """

    __tablename__ = "peers"
    __table_args__ = (
        UniqueConstraint("file_id", "user_id", "peer_id", "host"),
        Index(None, "file_id", "place"),
        Index(
            "ix_peers_leechers",
            "file_id",
            "place",
            sqlite_where=text('"left" > 0'),
            postgresql_where=text('"left" > 0'),
        ),
        Index(None, "file_id", "host"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey(File.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    connection_id: Mapped[str | None] = mapped_column(
        ForeignKey(Connection.id, ondelete="CASCADE"), index=True
    )
    peer_id: Mapped[bytes] = mapped_column(LargeBinary(20))
    host: Mapped[str] = mapped_column(String(64))
    port: Mapped[int]
    left: Mapped[int] = mapped_column(BigInteger)
    uploaded: Mapped[int] = mapped_column(BigInteger)
    downloaded: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[float | None]
    place: Mapped[int] = mapped_column(default=0, server_default="0")
    recorded_at: Mapped[float] = mapped_column(default=0.0, server_default="0")
