"""The tables of the client's database, as after all `migrations`.

Every change here needs a step in `migrations/versions` that makes it in the files there are, and
raises SCHEMA_VERSION in database.py.
"""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Table(DeclarativeBase):
    """The base of all tables."""


class SettingRow(Table):
    """A text that is remembered for a user, or for everybody with the empty name."""

    __tablename__ = "settings"

    user: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class TransferRow(Table):
    """A download or an upload of a user."""

    __tablename__ = "transfers"
    __table_args__ = (UniqueConstraint("user", "group", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user: Mapped[str]
    group: Mapped[str]
    name: Mapped[str]
    info_hash: Mapped[bytes]
    metainfo: Mapped[bytes]
    path: Mapped[bytes]  # a path on disk need not be valid Unicode
    is_upload: Mapped[bool]
    complete: Mapped[bool]
    paused: Mapped[bool]
    bitfield: Mapped[bytes | None]
    stamps: Mapped[str | None] = mapped_column("facts")
    uploaded: Mapped[int]
    downloaded: Mapped[int]
    added_at: Mapped[str]


class PinRow(Table):
    """The certificate that a tracker presented at first contact."""

    __tablename__ = "pinned_certificates"

    address: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]


class OptionsRow(Table):
    """The options of a transfer; a transfer without a row has the default ones."""

    __tablename__ = "plans"

    transfer: Mapped[int] = mapped_column(primary_key=True)
    priority: Mapped[int]
    sequential: Mapped[bool] = mapped_column("in_order")
    only: Mapped[str]
    finalized: Mapped[str] = mapped_column("placed")


class RateLimitRow(Table):
    """The limits of a transfer, or with three empty names of the whole client."""

    __tablename__ = "rate_limits"

    user: Mapped[str] = mapped_column(primary_key=True)
    group: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    up: Mapped[int]
    down: Mapped[int]


class InPlaceRow(Table):
    """Marks a transfer whose content is repaired in place."""

    __tablename__ = "in_place"

    transfer: Mapped[int] = mapped_column(primary_key=True)
