"""What happened: the notices and the audit trail."""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.store.schema.base import Base


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
