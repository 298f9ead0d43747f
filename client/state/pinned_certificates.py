"""The certificates that trackers showed when they were first met (as SSH keeps known hosts)."""

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
        """The fingerprint that is trusted there, None when there is none yet."""
        with self._database.transaction() as session:
            row = session.get(PinRow, str(tracker))
            return row.fingerprint if row else None

    def set(self, tracker: Endpoint, fingerprint: str) -> None:
        """Trust this fingerprint there from now on."""
        with self._database.transaction() as session:
            session.merge(PinRow(address=str(tracker), fingerprint=fingerprint))

    def forget(self, tracker: Endpoint) -> None:
        """Trust whatever is shown there next."""
        with self._database.transaction() as session:
            session.execute(delete(PinRow).filter_by(address=str(tracker)))
