"""Trackers' certificates are remembered by address, over a restart too."""

from __future__ import annotations

from pathlib import Path

from client.state.database import Database
from client.state.pinned_certificates import PinnedCertificates
from common.types import Endpoint

ONE, TWO = Endpoint("127.0.0.1", 7400), Endpoint("::1", 7400)


def test_pinned_certificates_survive(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "client.sqlite")
    pinned = PinnedCertificates(database)
    assert pinned.get(ONE) is None
    pinned.set(ONE, "AB")
    pinned.set(ONE, "CD")
    pinned.set(TWO, "EF")
    database.close()

    database = Database.open(tmp_path / "client.sqlite")
    pinned = PinnedCertificates(database)
    assert (pinned.get(ONE), pinned.get(TWO)) == ("CD", "EF")
    pinned.forget(ONE)
    pinned.forget(ONE)
    assert (pinned.get(ONE), pinned.get(TWO)) == (None, "EF")
    database.close()
