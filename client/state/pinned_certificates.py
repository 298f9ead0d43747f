"""The certificates that trackers showed when they were first met (as SSH keeps known hosts)."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Mapped, mapped_column

from client.state.database import Database, Table
from common.types import Endpoint


class _PinRow(Table):
    __tablename__ = "pinned_certificates"

    address: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]


class PinnedCertificates:
    """Fingerprints by tracker address.

    Every method may be called from any thread and raises MinitorrentError(disk_full or internal)
    when the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, tracker: Endpoint) -> str | None:
        """The fingerprint that is trusted there, None when there is none yet."""
        with self._database.transaction() as session:
            row = session.get(_PinRow, str(tracker))
            return row.fingerprint if row else None

    def set(self, tracker: Endpoint, fingerprint: str) -> None:
        """Trust this fingerprint there from now on."""
        with self._database.transaction() as session:
            session.merge(_PinRow(address=str(tracker), fingerprint=fingerprint))

    def forget(self, tracker: Endpoint) -> None:
        """Trust whatever is shown there next."""
        with self._database.transaction() as session:
            session.execute(delete(_PinRow).filter_by(address=str(tracker)))
