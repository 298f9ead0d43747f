from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.storage.handles import FileHandles


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
def handles(files: Files) -> Iterator[FileHandles]:
    handles = FileHandles(files.open, limit=3)
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


def test_what_is_in_use_stays_open(files: Files, handles: FileHandles) -> None:
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


def test_a_failure_to_open_leaves_nothing_behind(files: Files, handles: FileHandles) -> None:
    (files.folder / "7").unlink()
    with pytest.raises(FileNotFoundError):
        read(handles, 7)
    (files.folder / "7").write_bytes(b"\7")
    assert read(handles, 7) == 7
