"""Writes files for a user: private, whole or not at all, and never over files that are not ours.

A file is first written under a hidden name and then gets its own by a hard link, which replaces
nothing. A file that one of our commands wrote before is moved to another hidden name meanwhile:
that rename takes whatever is there at that moment, and a file that isn't ours is put back.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from client.descriptors import wait_for_descriptor
from client.storage.paths.os_errors import shown, translating
from client.storage.paths.safe_open import sync_folder
from common.errors import ErrorCode, MinitorrentError

_MAX_REPLACEABLE = 16 * 1024 * 1024
"""Bytes of a file that may be replaced; nothing that we write is larger."""

NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
"""The errors of file systems without hard links."""


_Identity = tuple[int, int, int, int]
"""A file and its state: device, inode, size, mtime (nanoseconds)."""


def _never(_: bytes) -> bool:
    return False


@dataclass(frozen=True)
class NewFile:
    """A file to be written. A regular file whose content `is_ours` may be replaced."""

    path: Path
    data: bytes = field(repr=False)
    is_ours: Callable[[bytes], bool] = _never


def check_place(path: Path, is_ours: Callable[[bytes], bool] = _never) -> None:
    """Raise what `write_private` would raise, as far as that is known before writing."""
    with translating(path):
        _find_replaceable(path, is_ours)
    with translating(path.parent):
        if not stat.S_ISDIR(path.parent.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"Nothing can be written to {shown(path.parent)}; choose another folder.",
        )


def write_private(*files: NewFile) -> None:
    """Write files that only their user can read: all of them or, on failure, none.

    Raises MinitorrentError: file_exists when a file that isn't ours is in the way, even if it has
    just appeared; otherwise what the system reports.
    """
    writings: list[_Writing] = []
    try:
        for file in files:
            with translating(file.path):
                writings.append(_Writing(file))
        # Cleared in reverse order: a key is never beside a certificate that it doesn't match.
        for writing in reversed(writings):
            with translating(writing.file.path):
                writing.clear()
        for writing in writings:
            with translating(writing.file.path):
                writing.name()
    except BaseException:
        for writing in writings:
            writing.undo()
        raise
    for writing in writings:
        writing.drop_backup()
    for folder in {file.path.parent for file in files}:
        with suppress(OSError):  # not every file system can sync its folders
            sync_folder(folder)


def open_to_append(path: Path) -> int:
    """Open a file that only its user can read, or create it; returns a descriptor.

    Raises MinitorrentError: file_exists for a link, a pipe, a device and the like; otherwise what
    the system reports.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with translating(path):
        if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
            raise _in_the_way(path)
        descriptor = os.open(path, flags, 0o600)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise _in_the_way(path)
        os.fchmod(descriptor, 0o600)
    return descriptor


class _Writing:
    """One file being written; the constructor raises OSError, or MinitorrentError(file_exists)."""

    def __init__(self, file: NewFile) -> None:
        self.file = file
        self._draft, self._backup = _beside(file.path), _beside(file.path)
        self._old = _find_replaceable(file.path, file.is_ours)
        self._new: _Identity | None = None
        try:
            self._write()
        except BaseException:
            self._draft.unlink(missing_ok=True)
            raise

    def _write(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = wait_for_descriptor(lambda: os.open(self._draft, flags, 0o600))
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(self.file.data)
            stream.flush()
            os.fsync(stream.fileno())

    def clear(self) -> None:
        """Move the file that we wrote before to a hidden name."""
        if self._old is not None:
            with suppress(FileNotFoundError):  # it has just been deleted
                self.file.path.rename(self._backup)
                if _identity(self._backup) != self._old:
                    raise _in_the_way(self.file.path)

    def name(self) -> None:
        """Give the file its name, unless the name is taken."""
        identity = _identity(self._draft)
        try:
            rename_to_new(self._draft, self.file.path)
        except FileExistsError as error:
            raise _in_the_way(self.file.path) from error
        self._new = identity

    def undo(self) -> None:
        """Restore the earlier state; an old file whose name is taken keeps its hidden name."""
        with suppress(OSError):  # it was renamed, or is gone
            self._draft.unlink()
        with suppress(OSError):  # somebody else has removed it
            if self._new is not None and _identity(self.file.path) == self._new:
                self.file.path.unlink()
        with suppress(OSError):  # there was no earlier file, or its name is taken
            if stat.S_ISDIR(self._backup.lstat().st_mode):
                self._backup.rename(self.file.path)  # replaces no file
            else:
                rename_to_new(self._backup, self.file.path)

    def drop_backup(self) -> None:
        """Remove the earlier file."""
        with suppress(OSError):
            self._backup.unlink()


def rename_to_new(draft: Path, path: Path) -> None:
    """Rename a file; raises OSError, FileExistsError when anything at all has the name."""
    try:
        path.hardlink_to(draft)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        # A file system without hard links: replace a placeholder that only we can have made.
        path.touch(mode=0o600, exist_ok=False)
        draft.replace(path)
        return
    draft.unlink()


def _beside(path: Path) -> Path:
    """Return a new hidden name in the same folder."""
    return path.with_name(f".{secrets.token_hex(8)}.part")


def _find_replaceable(path: Path, is_ours: Callable[[bytes], bool]) -> _Identity | None:
    """Return the identity of a file that may be replaced, None for no file; raises OSError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise _in_the_way(path)
        descriptor = wait_for_descriptor(lambda: os.open(path, flags))
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_REPLACEABLE:
            raise _in_the_way(path)
        if not is_ours(stream.read(_MAX_REPLACEABLE) or b""):
            raise _in_the_way(path)
    return _as_identity(found)


def _identity(path: Path) -> _Identity:
    return _as_identity(path.lstat())


def _as_identity(found: os.stat_result) -> _Identity:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _in_the_way(path: Path) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.FILE_EXISTS,
        f"Another file exists at {shown(path)}; choose another name, or move it away.",
    )
