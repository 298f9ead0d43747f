from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path, PosixPath

import pytest

from client.storage.files.content import Content
from client.storage.files.handles import OPEN
from client.storage.files.layout import Layout
from client.storage.files.naming import partial_path
from client.storage.files.torrent_files import TorrentFiles
from common.errors import ErrorCode, MinitorrentError
from common.types import Block, PieceIndex
from tests.support.refusals import public_folder, without_privileges
from tests.unit.client.storage.contents import (
    PIECE,
    describe,
    put,
    random_bytes,
    read_all,
    read_piece,
    tree,
    without_hard_links,
    write_all,
)

FOLDER = {
    "a.txt": random_bytes(PIECE - 5, 1),
    "empty": b"",
    "sub/deep er/ü.bin": random_bytes(3 * PIECE + 7, 2),
    "sub/empty too": b"",
    "sub/one": b"1",
    "z": random_bytes(10, 3),
}


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 100_000])
def test_a_file_from_first_piece_to_final_name(tmp_path: Path, length: int) -> None:
    content = random_bytes(length)
    final = tmp_path / "new" / "a file é.bin"
    with TorrentFiles(describe(content), final) as files:
        files.open_partial()
        assert files.path == files.partial
        assert files.partial.stat().st_size == length
        write_all(files, content)
        assert read_all(files) == content
        files.sync()
        files.finish()
        assert files.path == final
        assert read_all(files) == content
        assert files.stamps().sizes == (length,)
    assert final.read_bytes() == content
    assert [path.name for path in final.parent.iterdir()] == [final.name]


def test_a_folder_from_first_piece_to_final_name(tmp_path: Path) -> None:
    final = tmp_path / "my folder"
    with TorrentFiles(describe(FOLDER), final) as files:
        files.open_partial()
        assert {name: len(data) for name, data in tree(files.partial).items()} == {
            name: len(data) for name, data in FOLDER.items()
        }
        write_all(files, FOLDER)
        files.finish()
        assert read_all(files) == b"".join(FOLDER.values())
    assert tree(final) == FOLDER
    assert list(tmp_path.iterdir()) == [final]


def test_a_folder_of_empty_files(tmp_path: Path) -> None:
    content = {"a": b"", "d/b": b""}
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_partial()
        files.finish()
        assert files.sizes_are_right()
    assert tree(tmp_path / "f") == content


def test_the_temporary_name(tmp_path: Path) -> None:
    metainfo = describe(b"x")
    digits = metainfo.info_hash.hex()
    assert partial_path(metainfo, tmp_path / "n").name == f"n.{digits[:8]}.part"
    assert partial_path(metainfo, tmp_path / ("é" * 127)).name == f"{digits}.part"


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    before, OPEN.limit = OPEN.limit, 64
    OPEN.close_idle()
    yield
    OPEN.limit = before


def test_many_files_with_few_descriptors(tmp_path: Path, few_descriptors: None) -> None:
    content = {f"{number:03}/f": random_bytes(500, number) for number in range(200)}
    before = len(list(Path("/proc/self/fd").iterdir()))
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_partial()
        write_all(files, content)
        views = files.views(PieceIndex(0), 0, PIECE)
        assert len(views) == 33
        for number in range(files.metainfo.piece_count):
            size = files.metainfo.geometry.piece_size(PieceIndex(number))
            files.views(PieceIndex(number), 0, size)
        assert len(list(Path("/proc/self/fd").iterdir())) < before + 64 + 33 + 1
        assert b"".join(bytes(view) for view in views) == b"".join(content.values())[:PIECE]
        files.finish()
    assert tree(tmp_path / "f") == content


def test_runs_are_scattered_over_buffers_of_any_size(tmp_path: Path) -> None:
    """Runs end inside buffers, buffers inside runs, and both where another file begins."""
    joined = b"".join(FOLDER.values())
    runs = [
        Block(PieceIndex(0), 3, PIECE - 3),
        Block(PieceIndex(1), 0, PIECE),
        Block(PieceIndex(3), PIECE - 10, 10),
        Block(PieceIndex(4), 0, 10),
    ]
    expected = b"".join(joined[run.piece * PIECE + run.begin :][: run.length] for run in runs)
    with TorrentFiles(describe(FOLDER), tmp_path / "f") as files:
        put(tmp_path / "f", FOLDER)
        files.open_complete()
        for size in (1000, PIECE, len(expected)):
            got = bytearray(len(expected))
            view = memoryview(got)
            files.read(runs, [view[at : at + size] for at in range(0, len(got), size)])
            assert got == expected


def test_views_outlive_finish_and_close(tmp_path: Path) -> None:
    content = random_bytes(PIECE + 100)
    files = TorrentFiles(describe(content), tmp_path / "f")
    files.open_partial()
    write_all(files, content)
    (view,) = files.views(PieceIndex(1), 10, 90)
    files.finish()
    (later,) = files.views(PieceIndex(0), 0, PIECE)
    files.close()
    assert bytes(view) == content[PIECE + 10 :]
    assert bytes(later) == content[:PIECE]
    with pytest.raises(MinitorrentError):
        files.views(PieceIndex(0), 0, 1)
    with pytest.raises(MinitorrentError):
        read_piece(files, PieceIndex(0), 1)


def test_sending_from_a_truncated_file_raises(tmp_path: Path) -> None:
    content = random_bytes(4 * PIECE)
    put(tmp_path / "f", content)
    left, right = socket.socketpair()
    with left, right, TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_complete()
        views = files.views(PieceIndex(3), 0, PIECE)
        os.truncate(tmp_path / "f", 0)
        with pytest.raises(OSError, match="Bad address"):
            left.sendmsg(views)


def test_a_short_or_missing_file_is_reported(tmp_path: Path) -> None:
    content = random_bytes(2 * PIECE)
    put(tmp_path / "f", content[:-1])
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_complete()
        assert not files.sizes_are_right()
        assert read_piece(files, PieceIndex(0), PIECE) == content[:PIECE]
        for call in (
            lambda: read_piece(files, PieceIndex(1), PIECE),
            lambda: files.views(PieceIndex(0), 0, 1),
        ):
            with pytest.raises(MinitorrentError) as caught:
                call()
            assert caught.value.code is ErrorCode.FILE_CHANGED
        assert not files._content.is_hole(PIECE, PIECE)
    with TorrentFiles(describe(content), tmp_path / "missing") as files:
        assert files.stamps().sizes == (-1,)
        with pytest.raises(MinitorrentError) as caught:
            files.open_complete()
        assert caught.value.code is ErrorCode.FILE_NOT_FOUND
        calls: list[Callable[[], object]] = [
            lambda: read_piece(files, PieceIndex(1), PIECE),
            lambda: files.views(PieceIndex(0), 0, 1),
            lambda: files.prove(PieceIndex(0)),
        ]
        for attempt in calls:
            with pytest.raises(MinitorrentError) as caught:
                attempt()
            assert caught.value.code is ErrorCode.FILE_NOT_FOUND


def test_a_piece_of_the_wrong_size_raises(tmp_path: Path) -> None:
    with TorrentFiles(describe(b"abc"), tmp_path / "f") as files:
        files.open_partial()
        with pytest.raises(ValueError, match="another size"):
            files.write_piece(PieceIndex(0), memoryview(b"abcd"))


def test_opening_again_keeps_what_was_written(tmp_path: Path) -> None:
    content = random_bytes(2 * PIECE)
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        assert not files.has_partial
        files.open_partial()
        files.write_piece(PieceIndex(1), memoryview(content)[PIECE:])
        stamps = files.stamps()
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        assert files.has_partial
        files.open_partial()
        assert files.stamps() == stamps
        assert read_all(files) == bytes(PIECE) + content[PIECE:]


def test_stamps_change_with_the_files(tmp_path: Path) -> None:
    put(tmp_path / "f", FOLDER)
    with TorrentFiles(describe(FOLDER), tmp_path / "f") as files:
        files.open_complete()
        assert files.sizes_are_right()
        before = files.stamps()
        os.utime(tmp_path / "f" / "z", ns=(1, 1))
        assert files.stamps() != before
        (tmp_path / "f" / "z").unlink()
        (tmp_path / "f" / "z").mkdir()
        assert files.stamps().sizes[-1] == -1


def test_holes(tmp_path: Path) -> None:
    content = bytes(8 * PIECE)
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_partial()
        files.write_piece(PieceIndex(3), memoryview(content)[:PIECE])
        holes = [files._content.is_hole(number * PIECE, PIECE) for number in range(8)]
        assert holes == [True] * 3 + [False] + [True] * 4


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


def test_links_in_a_shared_folder_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "f", {"a": b"x"})
    (tmp_path / "secret").write_bytes(b"y")
    (tmp_path / "f" / "a").unlink()
    (tmp_path / "f" / "a").symlink_to(tmp_path / "secret")
    with TorrentFiles(describe({"a": b"x"}), tmp_path / "f") as files:
        files.open_complete()
        with pytest.raises(MinitorrentError) as caught:
            read_all(files)
        assert caught.value.code is ErrorCode.PERMISSION_DENIED


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


def test_planted_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    victim = outside / "victim"
    victim.write_bytes(b"precious")
    content = {"d/f": b"new data", "g": b"x"}
    for plant in ("file", "folder", "root"):
        with TorrentFiles(describe(content), tmp_path / plant) as files:
            if plant == "root":
                files.partial.symlink_to(outside)
            else:
                files.partial.mkdir()
                if plant == "file":
                    (files.partial / "g").symlink_to(victim)
                else:
                    (files.partial / "d").symlink_to(outside)
            with pytest.raises(MinitorrentError):
                files.open_partial()
    with TorrentFiles(describe(b"new data"), tmp_path / "single") as files:
        files.partial.symlink_to(victim)
        with pytest.raises(MinitorrentError) as caught:
            files.open_partial()
        assert caught.value.code is ErrorCode.PERMISSION_DENIED
    assert tree(outside) == {"victim": b"precious"}


def test_special_files_are_refused(tmp_path: Path) -> None:
    with TorrentFiles(describe({"f": b"x"}), tmp_path / "d") as files:
        files.partial.mkdir()
        os.mkfifo(files.partial / "f")
        with pytest.raises(MinitorrentError) as caught:
            files.open_partial()
        assert caught.value.code is ErrorCode.USAGE


def test_a_complete_file_may_be_a_symbolic_link(tmp_path: Path) -> None:
    put(tmp_path / "real", b"data")
    (tmp_path / "link").symlink_to("real")
    put(tmp_path / "real folder", FOLDER)
    (tmp_path / "folder link").symlink_to("real folder")
    with TorrentFiles(describe(b"data"), tmp_path / "link") as files:
        files.open_complete()
        assert read_all(files) == b"data"
    with TorrentFiles(describe(FOLDER), tmp_path / "folder link") as files:
        files.open_complete()
        assert read_all(files) == b"".join(FOLDER.values())


def test_failures_of_the_disk() -> None:
    with public_folder() as folder, TorrentFiles(describe(b"data"), folder / "f") as files:

        def fails(call: Callable[[], object]) -> None:
            """Return its error if its file can't be reopened."""
            OPEN.close_idle()
            files.partial.chmod(0)
            with without_privileges(), pytest.raises(MinitorrentError) as caught:
                call()
            files.partial.chmod(0o600)
            assert caught.value.code is ErrorCode.PERMISSION_DENIED
            assert str(files.partial) in caught.value.message

        files.open_partial()
        write_all(files, b"data")
        fails(lambda: write_all(files, b"data"))
        fails(lambda: read_all(files))
        fails(files.sync)
        fails(files.sync)  # a failed sync is retried
        files.sync()
        OPEN.close_idle()
        files.partial.chmod(0)
        with without_privileges():
            files.sync()  # there is nothing to sync any more


def test_a_full_disk_keeps_what_was_written(tmp_path: Path) -> None:
    """With a real limit, in a separate process."""
    script = f"""
import resource
from pathlib import Path, PosixPath
from client.storage.files.layout import Layout
from client.storage.files.handles import OPEN
from client.storage.files.torrent_files import TorrentFiles
from common.errors import MinitorrentError
from tests.support.refusals import public_folder, without_privileges
from tests.unit.client.storage.contents import describe, write_all
content = bytes(range(256)) * 256
files = TorrentFiles(describe(content), Path({str(tmp_path)!r}) / "f")
files.open_partial()
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, ({PIECE} + 100, unlimited[1]))
try:
    write_all(files, content)
except MinitorrentError as error:
    print(error.code)
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "disk_full"
    with TorrentFiles(describe(bytes(range(256)) * 256), tmp_path / "f") as files:
        files.open_partial()
        assert read_all(files)[:PIECE] == bytes(range(256)) * 64


def test_a_kill_during_a_write_leaves_whole_pieces(tmp_path: Path) -> None:
    content = random_bytes(64 * PIECE)
    script = f"""
import sys
from pathlib import Path, PosixPath
from client.storage.files.layout import Layout
from client.storage.files.handles import OPEN
from client.storage.files.torrent_files import TorrentFiles
from tests.support.refusals import public_folder, without_privileges
from tests.unit.client.storage.contents import PIECE, describe, random_bytes
content = random_bytes(64 * PIECE)
files = TorrentFiles(describe(content), Path({str(tmp_path)!r}) / "f")
files.open_partial()
for index in range(64):
    files.write_piece(index, memoryview(content)[index * PIECE : (index + 1) * PIECE])
    print(index, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == b"20":
                process.send_signal(signal.SIGKILL)
                break
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_partial()
        assert read_all(files)[: 21 * PIECE] == content[: 21 * PIECE]


def test_discarding_deletes_the_files(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    for name, content in (("file", b"data"), ("folder", FOLDER)):
        with TorrentFiles(describe(content), tmp_path / name) as files:
            files.discard()
            files = TorrentFiles(describe(content), tmp_path / name)
            files.open_partial()
            if name == "folder":
                (files.partial / "link").symlink_to(outside)
            files.discard()
            assert not files.has_partial
            files.discard()
            files.partial.symlink_to(outside)
            files.discard()
            assert not files.has_partial
    assert tree(tmp_path) == {"outside/precious": b""}


def test_many_threads_write_and_read_at_once(tmp_path: Path) -> None:
    content = {f"{number}": random_bytes(7_000, number) for number in range(150)}
    joined = b"".join(content.values())
    with TorrentFiles(describe(content), tmp_path / "f") as files:
        files.open_partial()
        geometry = files.metainfo.geometry

        def work(start: int) -> None:
            for number in range(start, geometry.piece_count, 4):
                index = PieceIndex(number)
                offset, size = geometry.offset(index), geometry.piece_size(index)
                files.write_piece(index, memoryview(joined)[offset : offset + size])
                buffer = read_piece(files, index, size)
                assert buffer == joined[offset : offset + size]
                assert b"".join(map(bytes, files.views(index, 0, size))) == buffer
                files.sync()

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(work, start) for start in range(4)]:
                future.result()
        files.finish()
    assert tree(tmp_path / "f") == content


def test_a_file_in_use_is_closed_when_its_lease_ends(tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    content = Content(Layout(tmp_path / "f", tmp_path / "f", describe(b"data").files, False))
    with content.handles.lease(0) as descriptor:
        content.close()
        assert os.pread(descriptor, 4, 0) == b"data"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    content.close()


def test_files_in_use_may_exceed_the_limit(tmp_path: Path) -> None:
    content = {f"{number}": b"x" for number in range(70)}
    put(tmp_path / "f", content)
    opened = Content(Layout(tmp_path / "f", tmp_path / "f", describe(content).files, True))
    leases = [opened.handles.lease(number) for number in range(70)]
    descriptors = {lease.__enter__() for lease in leases}
    assert len(descriptors) == 70
    for lease in leases:
        lease.__exit__(None, None, None)
    opened.close()


def test_new_files_are_not_executable(tmp_path: Path) -> None:
    described = describe(b"content")
    with TorrentFiles(described, tmp_path / "out.bin") as files:
        files.open_partial()
        assert not files.partial.stat().st_mode & 0o111
