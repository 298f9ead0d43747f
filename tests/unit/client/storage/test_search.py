"""Moved files are found by content."""

from __future__ import annotations

import os
from pathlib import Path

from client.storage.search import find_content
from tests.unit.client.storage.contents import describe, put


def test_found_under_any_name(tmp_path: Path) -> None:
    described = describe(b"data" * 1000)
    (tmp_path / "a" / "b").mkdir(parents=True)
    put(tmp_path / "a" / "b" / "another name", b"data" * 1000)
    put(tmp_path / "a" / "same size", b"atad" * 1000)
    found = find_content(described, tmp_path)
    assert found is not None
    assert found[0] == tmp_path / "a" / "b" / "another name"
    assert find_content(described, tmp_path / "nowhere") is None
    assert find_content(described, Path("/dev/null/x")) is None


def test_undecodable_names_are_skipped(tmp_path: Path) -> None:
    described = describe(b"data" * 1000)
    put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")), b"data" * 1000)
    put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/dir\xe9")), {"name": b"data" * 1000})
    assert find_content(described, tmp_path) is None
    put(tmp_path / "z", b"data" * 1000)
    found = find_content(described, tmp_path)
    assert found is not None
    assert found[0] == tmp_path / "z"


def test_pipes_and_loops_are_skipped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert find_content(describe(b"data"), tmp_path) is None
    assert find_content(describe(b""), tmp_path / "pipe") is None
