"""Paths that users type, and reading special files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.caller import Caller, acting_for
from client.storage.paths.reading import read_plain
from client.storage.paths.typed_path import resolve, typed_path
from common.errors import ErrorCode, MinitorrentError
from tests.support.refusals import public_folder, without_privileges


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "usage"),
        ("a\0b", "invalid_name"),
        ("a" * 256, "invalid_name"),
        ("ä" * 128, "invalid_name"),
        ("/" + "x" * 300 + "/y", "invalid_name"),
        ("/x" * 2100, "invalid_name"),
        ("caf\udce9", "invalid_name"),
        ("lone \ud800", "invalid_name"),
        ("~nobody-such/x", "file_not_found"),
    ],
)
def test_refused_paths(typed: str, code: str) -> None:
    with pytest.raises(MinitorrentError) as caught:
        typed_path(typed)
    assert caught.value.code == code
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200


def test_accepted_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    assert typed_path("~/x/../y") == Path("/home/ann/y")
    assert typed_path("a//b/./c/") == tmp_path / "a" / "b" / "c"
    assert typed_path("x" * 255) == tmp_path / ("x" * 255)


def test_a_vanished_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(MinitorrentError) as caught:
        typed_path("x")
    assert caught.value.code is ErrorCode.FILE_NOT_FOUND
    os.chdir("/")


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_raises_another_error(typed: str) -> None:
    try:
        path = typed_path(typed)
    except MinitorrentError:
        return
    assert path.is_absolute()
    os.fsencode(path).decode()


def test_plain_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_plain(path, 5) == b"12345"
    with pytest.raises(MinitorrentError) as caught:
        read_plain(path, 4)
    assert caught.value.code is ErrorCode.USAGE
    (tmp_path / "link").symlink_to(path)
    assert read_plain(tmp_path / "link", 5) == b"12345"


def test_reading_never_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, code in (
        (tmp_path / "fifo", "usage"),
        (tmp_path, "usage"),
        (Path("/dev/zero"), "usage"),
        (tmp_path / "loop", "permission_denied"),
        (tmp_path / "nowhere", "file_not_found"),
    ):
        with pytest.raises(MinitorrentError) as caught:
            read_plain(path, 100)
        assert caught.value.code == code


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


def test_an_unwritable_folder() -> None:
    with public_folder() as folder, without_privileges():
        with pytest.raises(MinitorrentError) as caught:
            resolve(f"{folder}/new/", "a")
        assert caught.value.code is ErrorCode.PERMISSION_DENIED


def test_paths_of_a_caller_are_relative_to_its_folder(tmp_path: Path) -> None:
    with acting_for(Caller(Path("/caller/folder"))):
        assert typed_path("film.mkv") == Path("/caller/folder/film.mkv")
        assert typed_path("../film.mkv") == Path("/caller/film.mkv")
        assert typed_path("/film.mkv") == Path("/film.mkv")
        assert typed_path("~/film.mkv") == Path.home() / "film.mkv"
    with acting_for(Caller(tmp_path)):
        assert resolve("./", "film.mkv") == tmp_path / "film.mkv"
        assert resolve(".", "film.mkv") == tmp_path / "film.mkv"
