from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from client.descriptors import NO_DESCRIPTOR, wait_for_descriptor
from client.storage.files.handles import FileHandles, OpenFiles
from client.storage.paths import safe_open
from tests.support.refusals import without_descriptors


class Files:
    """Files `0` to `9` in a folder, counting how often each is opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[int] = []
        for number in range(10):
            (folder / f"{number}").write_bytes(bytes([number]))

    def open(self, number: int) -> int:
        self.opened.append(number)
        return os.open(self.folder / f"{number}", os.O_RDONLY)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def budget() -> OpenFiles:
    return OpenFiles(3)


@pytest.fixture
def handles(files: Files, budget: OpenFiles) -> Iterator[FileHandles]:
    handles = FileHandles(files.open, budget)
    yield handles
    handles.close()


def read(handles: FileHandles, number: int) -> int:
    with handles.lease(number) as descriptor:
        return os.pread(descriptor, 1, 0)[0]


def test_the_least_recently_used_is_closed(files: Files, handles: FileHandles) -> None:
    for number in (0, 1, 2, 0, 3, 0, 4, 0):
        assert read(handles, number) == number
    assert files.opened == [0, 1, 2, 3, 4]
    assert read(handles, 1) == 1
    assert files.opened == [0, 1, 2, 3, 4, 1]


def test_files_in_use_stay_open(files: Files, handles: FileHandles) -> None:
    with handles.lease(0) as descriptor:
        for number in range(1, 10):
            assert read(handles, number) == number
        assert os.pread(descriptor, 1, 0) == b"\0"
        assert read(handles, 0) == 0
    assert files.opened == list(range(10))


def test_a_file_is_mapped_once(files: Files, handles: FileHandles) -> None:
    assert handles.view(5, 1) is handles.view(5, 1)
    assert handles.view(5, 1).readonly
    assert files.opened == [5]


def test_a_failed_open_leaves_nothing_behind(files: Files, handles: FileHandles) -> None:
    (files.folder / "7").unlink()
    with pytest.raises(FileNotFoundError):
        read(handles, 7)
    (files.folder / "7").write_bytes(b"\7")
    assert read(handles, 7) == 7


def test_torrents_share_one_budget(files: Files, budget: OpenFiles) -> None:
    torrents = [FileHandles(files.open, budget) for _ in range(30)]
    for handles in torrents:
        for number in range(10):
            assert read(handles, number) == number
    assert budget.count == 3
    for handles in torrents:
        handles.close()
    assert budget.count == 0


def test_a_map_counts_until_its_last_view_is_released(
    files: Files, budget: OpenFiles, handles: FileHandles
) -> None:
    held = handles.view(0, 1)[0:1]
    assert budget.count == 2
    for number in (1, 2, 3, 4):
        read(handles, number)
    assert budget.count == 3, "its map, and two files"
    del held
    assert budget.count == 2
    handles.close()
    assert budget.count == 0


def test_a_file_in_use_is_closed_by_its_last_user(
    files: Files, budget: OpenFiles, handles: FileHandles
) -> None:
    with handles.lease(0) as descriptor, handles.lease(0):
        handles.close()
        assert os.pread(descriptor, 1, 0) == b"\0"
        assert budget.count == 1
    assert budget.count == 0


@pytest.mark.parametrize("number", sorted(NO_DESCRIPTOR))
def test_a_lack_of_descriptors_is_waited_out(number: int) -> None:
    failures = [OSError(number, "none left")] * 3

    def scarce() -> int:
        if failures:
            raise failures.pop()
        return 7

    assert wait_for_descriptor(scarce) == 7


def test_opening_waits_for_a_descriptor(files: Files) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()  # starts its thread
        with without_descriptors():
            opened = pool.submit(safe_open.open_beneath, files.folder, ("7",), os.O_RDONLY)
            assert not wait([opened], 0.2).done
        with os.fdopen(opened.result(10.0), "rb") as stream:
            assert stream.read() == b"\x07"


def test_a_lasting_lack_of_descriptors_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise OSError(errno.EMFILE, "none left")

    with pytest.raises(OSError, match="none left"):
        wait_for_descriptor(fail, longest=0.1)
