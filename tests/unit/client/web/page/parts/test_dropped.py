from __future__ import annotations

from pathlib import Path

import pytest

from client.web.page.parts import dropped
from common.errors import ErrorCode, MinitorrentError


def test_files_with_one_name_do_not_collide(tmp_path: Path) -> None:
    first, second = (dropped.place(tmp_path / "dropped", "a.txt") for _ in range(2))
    assert first != second
    assert first.name == second.name == "a.txt"
    assert first.parent.is_dir()


@pytest.mark.parametrize("name", ["", "..", "../a.txt", "a/b", "a\\b", "a\0b"])
def test_a_name_never_leaves_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(MinitorrentError) as caught:
        dropped.place(tmp_path, name)
    assert caught.value.code is ErrorCode.INVALID_NAME
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "dropped").touch()
    with pytest.raises(MinitorrentError) as caught:
        dropped.place(tmp_path / "dropped", "a.txt")
    assert caught.value.code is ErrorCode.FILE_NOT_FOUND


def test_discarding_leaves_nothing(tmp_path: Path) -> None:
    path = dropped.place(tmp_path / "dropped", "a.txt")
    path.write_text("content")
    dropped.discard(path)
    dropped.discard(path)
    assert list((tmp_path / "dropped").iterdir()) == []
