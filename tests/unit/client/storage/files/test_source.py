from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.storage.files.source import scan
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import FileEntry
from tests.support.refusals import public_folder, without_privileges
from tests.unit.client.storage.contents import put


@pytest.fixture
def public() -> Iterator[Path]:
    with public_folder() as folder:
        yield folder


def refusal(path: Path) -> MinitorrentError:
    with pytest.raises(MinitorrentError) as caught:
        scan(path)
    return caught.value


def test_a_file(tmp_path: Path) -> None:
    put(tmp_path / "a b", b"data")
    source = scan(tmp_path / "a b")
    assert (source.path, source.name, source.is_folder) == (tmp_path / "a b", "a b", False)
    mtime = int((tmp_path / "a b").stat().st_mtime)
    assert source.files == (FileEntry(("a b",), 4, mtime=mtime),)
    assert source.length == 4
    assert source.stamps == source.stamps_now()
    (tmp_path / "a b").write_bytes(b"other")
    assert source.stamps != source.stamps_now()


def test_a_folder_sorted_by_bytes(tmp_path: Path) -> None:
    names = ["b", "C", "a/z", "a.txt", "é", "z", "a/b/c", "empty"]
    put(tmp_path / "f", {name: b"" if name == "empty" else b"x" for name in names})
    source = scan(tmp_path / "f")
    assert source.is_folder
    order = ["C", "a/b/c", "a/z", "a.txt", "b", "empty", "z", "é"]
    assert ["/".join(file.path) for file in source.files] == order
    assert [file.length for file in source.files] == [1, 1, 1, 1, 1, 0, 1, 1]


def test_skipped_entries_are_reported(tmp_path: Path) -> None:
    put(tmp_path / "f", {"a": b"x", "d/b": b"y"})
    (tmp_path / "f" / "link").symlink_to("a")
    (tmp_path / "f" / "folder link").symlink_to("/")
    (tmp_path / "f" / "void").mkdir()
    os.mkfifo(tmp_path / "f" / "pipe")
    source = scan(tmp_path / "f")
    assert [file.path for file in source.files] == [("a",), ("d", "b")]
    assert len(source.warnings) == 4
    for name, reason in (("link", "symbolic"), ("pipe", "regular"), ("void", "empty")):
        assert any(name in text and reason in text for text in source.warnings)


def test_the_path_itself_may_be_a_link(tmp_path: Path) -> None:
    put(tmp_path / "real", b"data")
    (tmp_path / "link").symlink_to("real")
    source = scan(tmp_path / "link")
    assert (source.name, source.length) == ("link", 4)


def test_the_working_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "f", {"a": b"x"})
    monkeypatch.chdir(tmp_path / "f")
    assert scan(Path()).name == "f"


def test_unsharable_entries(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing").code is ErrorCode.FILE_NOT_FOUND
    assert refusal(Path("/")).code is ErrorCode.INVALID_NAME
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe").code is ErrorCode.USAGE
    (tmp_path / "void").mkdir()
    assert refusal(tmp_path / "void").code is ErrorCode.USAGE
    (tmp_path / "f").mkdir()
    (Path(os.fsdecode(os.fsencode(tmp_path / "f") + b"/bad\xff"))).touch()
    error = refusal(tmp_path / "f")
    assert error.code is ErrorCode.INVALID_NAME
    assert "bad" in error.message
    put(tmp_path / "g", {"a": b"x", "A": b"y"})
    assert refusal(tmp_path / "g").code is ErrorCode.INVALID_NAME


def test_unreadable_files(public: Path) -> None:
    put(public / "f", {"a": b"x", "secret": b"y"})
    (public / "f" / "secret").chmod(0)
    with without_privileges():
        error = refusal(public / "f")
    assert error.code is ErrorCode.PERMISSION_DENIED
    assert "secret" in error.message


def test_unreadable_folders(public: Path) -> None:
    put(public / "f", {"a": b"x"})
    (public / "f").chmod(0)
    with without_privileges():
        assert refusal(public / "f").code is ErrorCode.PERMISSION_DENIED


def test_too_many_files(tmp_path: Path) -> None:
    put(tmp_path / "f", dict.fromkeys("abcde", b""))
    with pytest.raises(MinitorrentError, match="more than 4 files") as caught:
        scan(tmp_path / "f", max_files=4)
    assert "archive" in caught.value.message
    assert len(scan(tmp_path / "f", max_files=5).files) == 5


def test_files_that_vanish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "f", {"a": b"x", "b": b"y"})

    def vanish(path: Path, _: int) -> bool:
        path.unlink()
        return True

    monkeypatch.setattr(os, "access", vanish)
    assert refusal(tmp_path / "f").code is ErrorCode.FILE_CHANGED


def test_files_in_proc_are_not_empty() -> None:
    error = refusal(Path("/proc/self/environ"))
    assert error.code is ErrorCode.USAGE
    assert "no size of its own" in error.message


def test_another_name_replaces_a_refused_one(tmp_path: Path) -> None:
    for name, content in (("CON", b"data"), ("dot.", b"data"), ("a:b\n", {"a": b"x"})):
        put(tmp_path / name, content)
        assert refusal(tmp_path / name).code is ErrorCode.INVALID_NAME
        assert scan(tmp_path / name, "good").name == "good"
    with pytest.raises(MinitorrentError) as caught:
        scan(tmp_path / "dot.", "also bad.")
    assert caught.value.code is ErrorCode.INVALID_NAME


def test_times_and_executable_bits_are_found(tmp_path: Path) -> None:
    put(tmp_path / "f", {"run": b"x", "read": b"y"})
    (tmp_path / "f" / "run").chmod(0o4755)
    os.utime(tmp_path / "f" / "run", (1_600_000_000.5, 1_600_000_000.5))
    os.utime(tmp_path / "f" / "read", (-5, -5))
    assert scan(tmp_path / "f").files == (
        FileEntry(("read",), 1, mtime=0),
        FileEntry(("run",), 1, executable=True, mtime=1_600_000_000),
    )


def test_all_unsharable_entries_are_named_and_can_be_skipped(public: Path) -> None:
    names = ["good", "dot.", "CON", "Same", "same", "secret", "deep/a:b", "deep/also good"]
    put(public / "f", dict.fromkeys([*names, "c:/inside a folder"], b"x"))
    (Path(os.fsdecode(os.fsencode(public / "f") + b"/bad\xff"))).write_bytes(b"x")
    (public / "f" / "secret").chmod(0)
    with without_privileges():
        error = refusal(public / "f")
    assert error.code is ErrorCode.INVALID_NAME
    refused = {"dot.": "dot", "CON": "Windows", "same": "collides", "secret": "can't be read"}
    refused |= {"c:": "Windows", "a:b": "Windows", "bad\\udcff": "Unicode"}
    for name, reason in refused.items():
        assert any(f"{name}' " in part and reason in part for part in error.message.split(";")), (
            name
        )
    assert "--skip-unsharable" in error.message
    assert error.message.isprintable()
    with without_privileges():
        source = scan(public / "f", leave_out=True)
    kept = ["Same", "deep/also good", "good"]
    assert ["/".join(file.path) for file in source.files] == kept
    for name in refused:
        assert any(
            f"{name}' " in warning and "left out" in warning for warning in source.warnings
        ), name


def test_only_the_first_of_many_are_named(tmp_path: Path) -> None:
    put(tmp_path / "f", {"good": b"x", **{f"{number}.": b"x" for number in range(22)}})
    for number in range(30):
        (tmp_path / "f" / f"link {number}").symlink_to("good")
    error = refusal(tmp_path / "f")
    assert "and 12 more" in error.message
    assert error.message.count("ends in a dot") == 10
    warnings = scan(tmp_path / "f", leave_out=True).warnings
    assert len(warnings) == 11
    assert "42 more" in warnings[-1]


def test_a_folder_of_unsharable_entries_only(tmp_path: Path) -> None:
    put(tmp_path / "f", {"dot.": b"x"})
    with pytest.raises(MinitorrentError) as caught:
        scan(tmp_path / "f", leave_out=True)
    assert caught.value.code is ErrorCode.USAGE


def test_an_unreadable_subfolder(public: Path) -> None:
    put(public / "f", {"good": b"x", "locked/a": b"y"})
    (public / "f" / "locked").chmod(0)
    with without_privileges():
        assert refusal(public / "f").code is ErrorCode.PERMISSION_DENIED
        found = scan(public / "f", leave_out=True).files
    assert [file.path for file in found] == [("good",)]
