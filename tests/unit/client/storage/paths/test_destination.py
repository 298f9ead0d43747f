from __future__ import annotations

import os
from pathlib import Path

import pytest

from client.storage.paths.destination import resolve
from common.errors import ErrorCode, MinitorrentError


def test_a_folder_keeps_the_name(tmp_path: Path) -> None:
    assert resolve(str(tmp_path), "a b.txt") == tmp_path / "a b.txt"
    assert resolve(f"{tmp_path}/", "a") == tmp_path / "a"
    assert resolve(f"{tmp_path}/new/er/", "a") == tmp_path / "new" / "er" / "a"
    (tmp_path / "link").symlink_to(".")
    assert resolve(f"{tmp_path}/link", "a") == tmp_path / "link" / "a"


def test_a_full_path(tmp_path: Path) -> None:
    assert resolve(f"{tmp_path}/x/y", "a") == tmp_path / "x" / "y"
    (tmp_path / "there").touch()
    assert resolve(f"{tmp_path}/there", "a") == tmp_path / "there"
    assert resolve(f"{tmp_path}/x/../y", "a") == tmp_path / "y"


def test_relative_to_working_and_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve(".", "a") == tmp_path / "a"
    assert resolve("x", "a") == tmp_path / "x"
    assert resolve("~", "a") == tmp_path / "a"
    assert resolve("~/x", "a") == tmp_path / "x"


@pytest.mark.parametrize(
    ("destination", "name", "code"),
    [
        ("", "a", ErrorCode.USAGE),
        ("a\0b", "a", ErrorCode.INVALID_NAME),
        ("{}", "../a", ErrorCode.INVALID_NAME),
        ("{}/file/x", "a", ErrorCode.FILE_NOT_FOUND),
        ("{}/file/", "a", ErrorCode.FILE_NOT_FOUND),
        ("{}/file/x/y/z", "a", ErrorCode.FILE_NOT_FOUND),
        ("{}/dangling/x", "a", ErrorCode.FILE_NOT_FOUND),
        ("~nobody-of-that-name/x", "a", ErrorCode.FILE_NOT_FOUND),
    ],
)
def test_invalid_destinations(tmp_path: Path, destination: str, name: str, code: ErrorCode) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(MinitorrentError) as caught:
        resolve(destination.format(tmp_path), name)
    assert caught.value.code is code


def test_an_unwritable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(MinitorrentError) as caught:
        resolve(f"{tmp_path}/new/", "a")
    assert caught.value.code is ErrorCode.PERMISSION_DENIED
