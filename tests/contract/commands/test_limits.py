"""Rate limits through real processes: each result, each error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs.processes import ClientProcess

NONE = {"group": None, "name": None, "up": 0, "down": 0}


@pytest.fixture(autouse=True)
def unlimited(bob: ClientProcess) -> Iterator[None]:
    yield
    bob.ok("limit up 0")
    bob.ok("limit down 0")


def test_limit(bob: ClientProcess, nobody: ClientProcess, group: str, shared: Path) -> None:
    assert bob.ok("limit") == {"limits": [NONE]}
    assert bob.ok("limit up 500K") == {"limits": [{**NONE, "up": 512_000}]}
    assert bob.ok("limit down 2M") == {"limits": [{**NONE, "up": 512_000, "down": 2 << 20}]}
    assert bob.ok("limit up 0") == {"limits": [{**NONE, "down": 2 << 20}]}
    bob.fails("usage", "limit sideways 1M")
    bob.fails("usage", "limit up fast")
    assert bob.ok("limit") == {"limits": [{**NONE, "down": 2 << 20}]}
    assert nobody.ok("limit up") == {"limits": [NONE]}
    nobody.fails("not_logged_in", "limit", "up", "1M", group, shared.name)


def test_limit_of_a_transfer(bob: ClientProcess, group: str, shared: Path, tmp_path: Path) -> None:
    name = shared.name
    bob.fails("no_such_file", "limit", "up", "1M", group, name)
    bob.download(group, name, tmp_path / "bob")
    row = {"group": group, "name": name, "up": 0, "down": 1234}
    assert bob.ok("limit", "down", "1234", group, name) == {"limits": [NONE, row]}
    bob.ok("use_group", group)
    assert bob.ok("limit", "up", "1K", name) == {"limits": [NONE, {**row, "up": 1024}]}
    bob.ok("limit", "up", "0", name)
    assert bob.ok("limit", "down", "0", name) == {"limits": [NONE]}
