"""Who is there now: running trackers, their connections, and peers."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from tracker.store.schema.accounts import Token, User
from tracker.store.schema.base import Base
from tracker.store.schema.files import File


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
