"""The certificates that trackers presented at first contact (like SSH's known hosts)."""

from __future__ import annotations

from sqlalchemy import delete

from client.state.database import Database
from client.state.schema import PinRow
from common.types import Endpoint


class PinnedCertificates:
    """Fingerprints by tracker address.

    Every method may be called from any thread and raises MinitorrentError(disk_full or internal)
    when the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, tracker: Endpoint) -> str | None:
        """Return the fingerprint trusted there, or None."""
        with self._database.transaction() as session:
            row = session.get(PinRow, str(tracker))
            return row.fingerprint if row else None

    def set(self, tracker: Endpoint, fingerprint: str) -> None:
        """Trust this fingerprint from now on."""
        with self._database.transaction() as session:
            session.merge(PinRow(address=str(tracker), fingerprint=fingerprint))

    def forget(self, tracker: Endpoint) -> None:
        """Trust the next certificate presented there."""
        with self._database.transaction() as session:
            session.execute(delete(PinRow).filter_by(address=str(tracker)))
