"""The end of a download: its files get their final names, whatever is there, and survive kills."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path, PosixPath

import pytest

from client.storage.files.torrent_files import TorrentFiles
from common.errors import ErrorCode, MinitorrentError
from tests.unit.client.storage.contents import (
    PIECE,
    describe,
    put,
    random_bytes,
    read_all,
    tree,
    without_hard_links,
    write_all,
)
from tests.unit.client.storage.files.folders import FOLDER


@pytest.mark.parametrize("content", [b"data", FOLDER])
def test_finishing_never_overwrites(tmp_path: Path, content: bytes | Mapping[str, bytes]) -> None:
    final = tmp_path / "f"
    with TorrentFiles(describe(content), final) as files:
        files.open_partial()
        write_all(files, content)
        for obstacle in ("file", "folder", "dangling link"):
            if obstacle == "file":
                final.write_bytes(b"precious")
            elif obstacle == "folder":
                final.mkdir()
            else:
                final.symlink_to("nowhere")
            with pytest.raises(MinitorrentError) as caught:
                files.finish()
            assert caught.value.code is ErrorCode.FILE_EXISTS
            assert files.path == files.partial
            if obstacle == "file":
                assert final.read_bytes() == b"precious"
            if obstacle == "folder":
                final.rmdir()
            else:
                final.unlink()
        files.finish()
    assert (final.read_bytes() if isinstance(content, bytes) else tree(final)) == content


@pytest.mark.parametrize("content", [b"data", FOLDER])
def test_data_is_synced_before_the_final_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | Mapping[str, bytes]
) -> None:
    final = tmp_path / "f"
    synced: list[tuple[str, bool]] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        real(descriptor)
        target = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((str(target), final.exists()))

    with TorrentFiles(describe(content), final) as files:
        files.open_partial()
        write_all(files, content)
        written = {str(path) for path in [files.partial, *files.partial.rglob("*")]}
        monkeypatch.setattr(os, "fsync", watch)
        files.finish()
    assert {path for path, named in synced if not named} == written
    assert [path for path, named in synced if named] == [str(tmp_path)]


def test_opening_waits_during_a_rename(tmp_path: Path, few_descriptors: None) -> None:
    # More files than may be open at once, so that the reader has to open some.
    content = {f"{number}": b"x" for number in range(100)}
    readers: list[Future[bytes]] = []

    class ReadMeanwhile(PosixPath):
        def rename(self, target: str | os.PathLike[str]) -> ReadMeanwhile:
            """See Path."""
            renamed = super().rename(target)
            readers.append(pool.submit(read_all, files))
            # Long enough for the reader to fail if it doesn't wait.
            wait(readers, timeout=0.1)
            return renamed

    with (
        TorrentFiles(describe(content), ReadMeanwhile(tmp_path / "f")) as files,
        ThreadPoolExecutor(1) as pool,
    ):
        files.open_partial()
        write_all(files, content)
        files.finish()
        assert readers[0].result() == b"x" * 100


def test_reading_continues_during_a_rename(tmp_path: Path, few_descriptors: None) -> None:
    """With more files than may be open at once, so that they are reopened all the time."""
    content = {f"d{number}/f": random_bytes(PIECE // 4, number) for number in range(100)}
    stop = threading.Event()
    rounds = [threading.Semaphore(0), threading.Semaphore(0)]

    def read(finished_round: threading.Semaphore) -> None:
        while not stop.is_set():
            assert read_all(files) == b"".join(content.values())
            finished_round.release()

    with TorrentFiles(describe(content), tmp_path / "f") as files, ThreadPoolExecutor(2) as pool:
        files.open_partial()
        write_all(files, content)
        readers = [pool.submit(read, finished_round) for finished_round in rounds]
        try:
            assert all(finished_round.acquire(timeout=30) for finished_round in rounds)
            files.finish()
            # The round under way when the name changed, and one after it.
            for _ in range(2):
                assert all(finished_round.acquire(timeout=30) for finished_round in rounds)
        finally:
            stop.set()
        for reader in readers:
            reader.result()


def test_a_folder_that_appears_while_finishing(tmp_path: Path) -> None:
    class Overtaken(PosixPath):
        def rename(self, target: str | os.PathLike[str]) -> Overtaken:
            """See Path."""
            put(Path(target), {"precious": b"!"})
            return super().rename(target)

    with TorrentFiles(describe(FOLDER), Overtaken(tmp_path / "f")) as files:
        files.open_partial()
        with pytest.raises(MinitorrentError) as caught:
            files.finish()
        assert caught.value.code is ErrorCode.FILE_EXISTS
    assert tree(tmp_path / "f") == {"precious": b"!"}


def test_finishing_again_after_a_crash_between_link_and_unlink(tmp_path: Path) -> None:
    with TorrentFiles(describe(b"data"), tmp_path / "f") as files:
        files.open_partial()
        write_all(files, b"data")
        (tmp_path / "f").hardlink_to(files.partial)
        files.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").read_bytes() == b"data"


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_file_systems_without_hard_links(tmp_path: Path, code: int) -> None:
    final = without_hard_links(code)(tmp_path / "f")
    with TorrentFiles(describe(b"data"), final) as files:
        files.open_partial()
        write_all(files, b"data")
        final.write_bytes(b"precious")
        with pytest.raises(MinitorrentError) as caught:
            files.finish()
        assert caught.value.code is ErrorCode.FILE_EXISTS
        assert final.read_bytes() == b"precious"
        final.unlink()
        files.finish()
    assert final.read_bytes() == b"data"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_other_failures_to_link_are_reported(tmp_path: Path) -> None:
    class NotRenamed(PosixPath):
        def rename(self, target: str | os.PathLike[str]) -> NotRenamed:
            """See Path."""
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    for content, kind in ((b"data", without_hard_links(errno.EIO)), (FOLDER, NotRenamed)):
        with TorrentFiles(describe(content), kind(tmp_path / "f")) as files:
            files.open_partial()
            with pytest.raises(MinitorrentError) as caught:
                files.finish()
            assert caught.value.code is ErrorCode.PERMISSION_DENIED
            assert "Input/output error" in caught.value.message
