"""Settings through real processes."""

from __future__ import annotations

from pathlib import Path

from tests.support.programs.processes import ClientProcess

FIELDS = {"download_folder", "listen", "active", "limit_down", "limit_up", "language"}


def test_settings(nobody: ClientProcess, tmp_path: Path) -> None:
    settings = nobody.ok("settings")["settings"]
    assert set(settings) >= FIELDS
    assert nobody.ok("settings", "active", "3")["settings"] == {**settings, "active": 3}
    nobody.ok("settings", "active", str(settings["active"]))
    folder = str(tmp_path / "films")
    assert nobody.ok("settings", "download_folder", folder)["settings"]["download_folder"] == folder
    nobody.fails("usage", "settings", "colour", "red")
    nobody.fails("usage", "settings", "active", "many")
    nobody.fails("permission_denied", "settings", "listen", "192.0.2.1:6001")


def test_limits_are_those_of_limit(nobody: ClientProcess) -> None:
    nobody.ok("settings limit_up 500K")
    nobody.ok("limit down 2M")
    limits = nobody.ok("settings")["settings"]
    assert (limits["limit_up"], limits["limit_down"]) == (500 << 10, 2 << 20)
    assert nobody.ok("limit")["limits"][0]["up"] == 500 << 10
    nobody.ok("limit up 0")
    assert nobody.ok("settings limit_down 0")["settings"]["limit_up"] == 0
