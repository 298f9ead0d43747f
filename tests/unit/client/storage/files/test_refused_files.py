"""Links, special files and failures of the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from client.storage.files.handles import OPEN
from client.storage.files.torrent_files import TorrentFiles
from common.errors import ErrorCode, MinitorrentError
from tests.support.refusals import public_folder, without_privileges
from tests.unit.client.storage.contents import (
    PIECE,
    describe,
    put,
    random_bytes,
    read_all,
    tree,
    write_all,
)
from tests.unit.client.storage.files.folders import FOLDER


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
    files.write_pieces([(index, memoryview(content)[index * PIECE : (index + 1) * PIECE])])
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
