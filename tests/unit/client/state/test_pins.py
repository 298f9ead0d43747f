"""Trackers' certificates are remembered by address, over a restart too."""

from __future__ import annotations

from pathlib import Path

from client.state.database import Database
from client.state.pins import Pins
from common.types import Endpoint

ONE, TWO = Endpoint("127.0.0.1", 7400), Endpoint("::1", 7400)


def test_pins_last(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "client.sqlite")
    pins = Pins(database)
    assert pins.get(ONE) is None
    pins.set(ONE, "AB")
    pins.set(ONE, "CD")
    pins.set(TWO, "EF")
    database.close()

    database = Database.open(tmp_path / "client.sqlite")
    pins = Pins(database)
    assert (pins.get(ONE), pins.get(TWO)) == ("CD", "EF")
    pins.forget(ONE)
    pins.forget(ONE)
    assert (pins.get(ONE), pins.get(TWO)) == (None, "EF")
    database.close()
