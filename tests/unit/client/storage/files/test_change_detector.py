"""Checking files while they are written: changes by others are still noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.storage.files.change_detector import ChangeDetector
from client.storage.files.stamp import take_stamp
from common.errors import ErrorCode, MinitorrentError
from tests.unit.client.storage.contents import await_next_tick


class Watched:
    """Three files being written, and their change detector; `doubted` are the touched ones."""

    def __init__(self, folder: Path) -> None:
        self.paths = [folder / name for name in "abc"]
        for path in self.paths:
            path.write_bytes(b"right")
        await_next_tick(self.paths[-1])
        self.doubted: list[int] = []
        self.detector = ChangeDetector(
            range(3), self.paths.__getitem__, self.doubted.append, are_written=True
        )

    def touch(self, file: int) -> None:
        self.paths[file].chmod(0o600)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_a_touch_is_noticed_while_another_file_is_written(watched: Watched) -> None:
    with watched.detector.writing([0]):
        watched.touch(1)
        watched.detector.look([1])
        assert watched.doubted == [1]


def test_the_writers_own_changes_are_not_reported(watched: Watched) -> None:
    with watched.detector.writing([0]):
        watched.paths[0].write_bytes(b"r1ght")
        watched.detector.look()
        stamp = take_stamp(watched.paths[0])
        assert stamp is not None
        watched.detector.wrote(0, stamp)
    watched.detector.look()
    assert not watched.doubted


def test_a_touch_before_the_writer_began_is_noticed_by_it(watched: Watched) -> None:
    watched.touch(0)
    with watched.detector.writing([0, 2]):
        assert watched.doubted == [0]


def test_changes_no_writer_makes_are_certain_during_a_write(watched: Watched) -> None:
    with watched.detector.writing([0]):
        watched.paths[0].unlink()
        with pytest.raises(MinitorrentError) as caught:
            watched.detector.look()
    assert caught.value.code is ErrorCode.FILE_CHANGED


def test_a_writer_that_failed_leaves_a_doubt(watched: Watched) -> None:
    with pytest.raises(OSError, match="full"), watched.detector.writing([0]):
        watched.paths[0].write_bytes(b"r1ght")
        raise OSError("full")
    watched.detector.look()
    assert watched.doubted == [0]
