"""Files of the tracker's own and of its operator."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.support.security.certificates import write_certificate
from tracker.command_line import read_config
from tracker.disk import make_private, read_plain
from tracker.frontend.certificate import make_context, own_context


def test_a_file_is_made_private_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert make_private(path, b"first")
    assert not make_private(path, b"second")
    assert path.read_bytes() == b"first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert not make_private(tmp_path / "dangling", b"data")
    assert not (tmp_path / "nowhere").exists()
    assert {p.name for p in tmp_path.iterdir()} == {"key", "dangling"}


def test_only_plain_files_of_bounded_size_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_plain(path, 5) == b"12345"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_plain(path, 4)
    for odd in (tmp_path, tmp_path / "pipe", tmp_path / "loop", Path("/dev/zero")):
        with pytest.raises(OSError, match=r"plain file|symbolic links"):
            read_plain(odd, 100)


def test_pipes_do_not_block(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path, "one")
    os.mkfifo(tmp_path / "pipe")
    for pair in ((tmp_path / "pipe", key), (certificate, tmp_path / "pipe"), (tmp_path, key)):
        with pytest.raises(OSError, match="plain file"):
            make_context(*pair)
    make_context(certificate, key)
    os.mkfifo(tmp_path / "tracker.pem")
    with pytest.raises(OSError, match="plain file"):
        own_context(tmp_path)
    for odd in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(Exception, match=r"can't read .*: it is not a plain file"):
            read_config([str(odd), "1"])
