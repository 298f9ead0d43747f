"""The tables. Times are seconds since the epoch, UTC.

Durable: users, tokens, known addresses, groups with their authorities, memberships, join
requests, files, finished downloads, shares, announce keys, events; and, as long as a certificate
may be valid, who holds one.
Ephemeral: trackers (a heartbeat each), the connections they hold, and peers. A session's peers
live and die with its connection, a stock client's until they expire.
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
    String,
    Text,
    UniqueConstraint,
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
    """A text by which lists are sorted: by its characters' numbers, as SQLite does it."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can refer to it."""

    metadata = MetaData(naming_convention=_NAMING)
    # SQLite's integers have 64 bits by themselves, and only those number rows.
    type_annotation_map: ClassVar = {int: BigInteger().with_variant(Integer(), "sqlite")}


class User(Base):
    """An account; `told_event` is the newest event when its user was last there to be told."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[float]
    last_read_event_id: Mapped[int] = mapped_column("told_event", default=0, server_default="0")


class Token(Base):
    """A login: the SHA-256 of its token, valid until `expires_at` if it isn't used.

    `scope` (see common.api.operation) and `label` are those of a token for the HTTP API; a
    session's token has no scope.
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
    """A network (see tracker.domain.throttle) from which a user has logged in."""

    __tablename__ = "known_addresses"
    __table_args__ = (UniqueConstraint("user_id", "network"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    network: Mapped[str] = mapped_column(String(64))


class Group(Base):
    """A group; `uid` is random and tells its files from those of every other group."""

    __tablename__ = "groups"
    __table_args__ = ({"sqlite_autoincrement": True},)  # events refer to groups that are gone

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(_ordered(64), unique=True)
    uid: Mapped[str] = mapped_column(String(64), unique=True)
    mode: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[float]


class Authority(Base):
    """A sealed group's certificate (PEM) and its private key, sealed with the trackers' key."""

    __tablename__ = "authorities"

    group_id: Mapped[int] = mapped_column(
        ForeignKey(Group.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    certificate: Mapped[str] = mapped_column(Text)
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary)


class AuthorityKey(Base):
    """Tells which key the trackers of this database seal with; there is one row, number 1."""

    __tablename__ = "authority_keys"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))


class Holder(Base):
    """One login of a member, who was given certificates in a group; they bear the `uid`.

    The last of them is valid until `certified_until`. When the login ends, or the membership, it
    has no token any more, and its certificates are not to be accepted.
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
    """A user in a group; `id` grows with time, so it orders members by standing."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("group_id", "user_id"), Index(None, "group_id", "role"))

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    joined_at: Mapped[float]


class JoinRequest(Base):
    """A user who asks to become a member."""

    __tablename__ = "join_requests"
    __table_args__ = (UniqueConstraint("group_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    requested_at: Mapped[float]


class File(Base):
    """What a group shares; `completed` counts the downloads that were announced as finished.

    `added_by` is the user for whom the tracker counts it, and its metainfo's bytes.
    """

    __tablename__ = "files"
    __table_args__ = (
        UniqueConstraint("group_id", "name"),
        Index(None, "group_id", "size"),
        Index(None, "group_id", "added_at"),
        Index("ix_files_added_by_metainfo_size", "added_by", "metainfo_size"),
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
    """A file's metainfo, byte for byte as it was given; apart, for it is large."""

    __tablename__ = "metainfos"

    file_id: Mapped[int] = mapped_column(
        ForeignKey(File.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Share(Base):
    """A user offers a file; the one with the smallest `id` counts as its owner."""

    __tablename__ = "shares"
    __table_args__ = (UniqueConstraint("file_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey(File.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    shared_at: Mapped[float]


class AnnounceKey(Base):
    """The secret in a member's HTTP announce address."""

    __tablename__ = "announce_keys"
    __table_args__ = (UniqueConstraint("group_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey(Group.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)


class Event(Base):
    """Something that happened: pushed as a notice, and kept when the group is gone.

    What concerns an account alone has the group number 0, and the account as its subject.
    `address` is the IP address from which the actor did it, empty when it followed by itself.
    `removed` has the uids of the holders who lost their right by it, with spaces between them.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index(None, "group_id", "at", "kind", "actor"),  # all that counting them asks for
        Index(None, "subject", "kind"),
        {"sqlite_autoincrement": True},  # an id is never given twice
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float]
    kind: Mapped[str] = mapped_column(String(32))
    group_id: Mapped[int] = mapped_column(index=True)
    group_name: Mapped[str] = mapped_column(String(64))
    actor: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(String(1024))
    removed: Mapped[str] = mapped_column(Text, default="", server_default="")
    address: Mapped[str] = mapped_column(String(64), default="", server_default="")


class Tracker(Base):
    """A running tracker process, where sessions come in and where stock clients announce.

    `http_port` is None when it answers no stock clients.
    """

    __tablename__ = "trackers"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int]
    http_port: Mapped[int | None]
    heartbeat_at: Mapped[float]


class Connection(Base):
    """A logged-in client's connection to a tracker: being online. It ends with its token."""

    __tablename__ = "connections"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tracker_id: Mapped[str] = mapped_column(ForeignKey(Tracker.id, ondelete="CASCADE"), index=True)
    token_id: Mapped[int] = mapped_column(ForeignKey(Token.id, ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    opened_at: Mapped[float]


class Completion(Base):
    """A client that has said that it finished downloading a file; it counts once."""

    __tablename__ = "completions"
    __table_args__ = (UniqueConstraint("file_id", "user_id", "peer_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey(File.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), index=True)
    peer_id: Mapped[bytes] = mapped_column(LargeBinary(20))


class Peer(Base):
    """A client that is there for a file: held by a connection, or valid until `expires_at`.

    One that is reached over IPv4 and over IPv6 has a row for each. The rows of a user come into
    the table in the order of the last announces.
    """

    __tablename__ = "peers"
    __table_args__ = (UniqueConstraint("file_id", "user_id", "peer_id", "host"),)

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
