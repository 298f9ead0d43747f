"""The socket in the data folder at which a running client can be reached.

Only the client that holds the data folder's lock has a socket there, so that whatever an earlier
one left behind is out of use.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from client.storage.paths.os_errors import shown
from common.errors import ErrorCode, MinitorrentError

SOCKET_NAME: Final = "client.socket"

_LONGEST_ADDRESS: Final = 103
"""Bytes of a socket's path that every system accepts; Linux accepts 107."""

_BACKLOG: Final = 64
_DESCRIPTORS: Final = Path("/proc/self/fd")
_CREDENTIALS: Final = struct.Struct("3i")  # process, user, group


@contextmanager
def listening(folder: Path) -> Iterator[socket.socket]:
    """Listen in a data folder whose lock this process holds.

    No other user can connect: the socket is private from its creation. Raises MinitorrentError if
    that isn't possible, such as file_exists if another kind of file has its name.
    """
    path = folder / SOCKET_NAME
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        try:
            _remove_stale(path)
            with _short(folder) as address:
                os.fchmod(made.fileno(), 0o600)  # before bind: the file then has this mode
                made.bind(address)
            path.chmod(0o600)  # where fchmod changes nothing
            made.listen(_BACKLOG)
        except OSError as error:
            raise MinitorrentError(
                ErrorCode.PERMISSION_DENIED, f"Can't listen at {shown(path)}: {error.strerror}."
            ) from error
        ours = path.lstat().st_ino
        try:
            yield made
        finally:
            with suppress(OSError):  # the folder is gone, or somebody replaced the socket
                if path.lstat().st_ino == ours:
                    path.unlink()


def connect(folder: Path) -> socket.socket | None:
    """Connect to the client that runs on a data folder; None if nobody listens there.

    Raises MinitorrentError(permission_denied) if it is another user's.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(folder) as address:
            made.connect(address)
    except (FileNotFoundError, ConnectionRefusedError):
        made.close()
        return None
    except OSError as error:
        made.close()
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"Can't reach the client that uses {shown(folder)}: {error.strerror}.",
        ) from error
    if not is_own_user(made):
        made.close()
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED, f"Another user's client listens in {shown(folder)}."
        )
    return made


def is_own_user(connection: socket.socket) -> bool:
    """Return whether the other side of a connection is a process of this user, or of root.

    Where the system can't tell, the socket's mode is the only protection.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    credentials = connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(credentials)[1] in (os.geteuid(), 0)


def _remove_stale(path: Path) -> None:
    """Remove the socket of a client that was killed, but no other kind of file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise MinitorrentError(
            ErrorCode.FILE_EXISTS,
            f"{shown(path)} is in the way of the client's socket; move it away.",
        )
    path.unlink()


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """Yield an address of the socket that is short enough, inside the context."""
    path = str(folder / SOCKET_NAME)
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield path
        return
    if not _DESCRIPTORS.exists():
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"The path {shown(folder)} is too long for a socket on this system; choose a shorter "
            "--data-dir.",
        )
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"{_DESCRIPTORS}/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)
