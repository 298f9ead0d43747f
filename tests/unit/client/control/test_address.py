"""The socket in the data folder: private, short enough, and never in place of another file."""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client.control import address
from client.control.address import SOCKET_NAME, connect, is_own_user, listening
from client.control.data_folder import listening_in
from common.errors import ErrorCode, MinitorrentError


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("no_umask")
@pytest.mark.parametrize("depth", [0, 3])
def test_the_socket_is_private_and_gone_afterwards(tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*["long" * 20] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    with listening(folder) as server:
        assert stat.S_IMODE((folder / SOCKET_NAME).lstat().st_mode) == 0o600
        client = connect(folder)
        assert client is not None
        with client, server.accept()[0] as accepted:
            assert is_own_user(accepted)
    assert not list(folder.iterdir())
    assert connect(folder) is None


def test_a_path_that_is_too_long_for_this_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    monkeypatch.setattr(address, "_DESCRIPTORS", tmp_path / "nowhere")
    with pytest.raises(MinitorrentError, match="too long for a socket"), listening(folder):
        pass
    with listening_in(folder) as listener:
        assert listener is None


def test_what_a_killed_client_left_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / SOCKET_NAME))
    assert connect(tmp_path) is None
    with listening(tmp_path):
        client = connect(tmp_path)
        assert client is not None
        client.close()


def test_any_other_file_stays(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    path = tmp_path / SOCKET_NAME
    for make in (lambda: path.symlink_to(target), lambda: path.write_bytes(b"precious")):
        make()
        with pytest.raises(MinitorrentError) as caught, listening(tmp_path):
            pass
        assert caught.value.code is ErrorCode.FILE_EXISTS
        assert path.read_bytes() == b"precious"
        path.unlink()


class ForeignSocket(socket.socket):
    """A connection from a process of another user."""

    def getsockopt(self, *_: object) -> Any:
        return struct.pack("3i", 1234, os.geteuid() + 1, 0)


def test_another_user_is_recognized() -> None:
    with ForeignSocket() as connection:
        assert not is_own_user(connection)


def test_a_socket_replaced_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / SOCKET_NAME
    with listening(tmp_path):
        path.rename(tmp_path / "kept")  # so that its inode isn't used again
        path.write_bytes(b"another file")
    assert path.read_bytes() == b"another file"
