"""A client's data folder: one client runs on it, which others can reach there."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from client.config import LOCK_NAME
from client.control.address import listening
from client.storage.paths.writing import open_to_append
from common.errors import ErrorCode, MinitorrentError


class FolderInUseError(MinitorrentError):
    """Another client runs on the data folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create the data folder, private to its user, and lock it against other clients."""
    path = folder / LOCK_NAME
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(open_to_append(path))
        lock.acquire()
    except Timeout as error:
        raise FolderInUseError(
            ErrorCode.PERMISSION_DENIED,
            f"Another client is using {folder}; give it commands with -c, quit it, or choose "
            "another --data-dir.",
        ) from error
    except OSError as error:
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED, f"Can't use {folder} as the data folder: {error.strerror}."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def listening_in(folder: Path) -> Iterator[socket.socket | None]:
    """Listen for programs with commands for this client; None if that isn't possible here."""
    with ExitStack() as stack:
        try:
            control = stack.enter_context(listening(folder))
        except MinitorrentError as error:
            import structlog

            log = structlog.get_logger()
            log.warning("other programs can't hand commands to this client", error=error.message)
            control = None
        yield control
