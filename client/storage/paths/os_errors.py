"""Translates the system's errors about files into errors that users understand."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from common.errors import ErrorCode, MinitorrentError

_TOO_MANY = (
    "The system has had no free file descriptor for a minute; close programs that have many files"
    " open (doctor shows the limits), then resume"
)

_KINDS = {
    errno.ENOSPC: (ErrorCode.DISK_FULL, "The disk is full; free some space and resume"),
    errno.EDQUOT: (ErrorCode.DISK_FULL, "Your disk quota is used up; free some space and resume"),
    errno.EFBIG: (ErrorCode.DISK_FULL, "The file is too large for this file system"),
    errno.ENOENT: (ErrorCode.FILE_NOT_FOUND, "There is no such file"),
    errno.ENOTDIR: (ErrorCode.FILE_NOT_FOUND, "Part of the path is not a folder"),
    errno.EISDIR: (ErrorCode.FILE_EXISTS, "A folder is in the way"),
    errno.EEXIST: (ErrorCode.FILE_EXISTS, "A file of that name exists already"),
    errno.EACCES: (ErrorCode.PERMISSION_DENIED, "Access is denied; check the permissions"),
    errno.EPERM: (ErrorCode.PERMISSION_DENIED, "Access is denied; check the permissions"),
    errno.EROFS: (ErrorCode.PERMISSION_DENIED, "The file system is read-only"),
    errno.ELOOP: (ErrorCode.PERMISSION_DENIED, "A symbolic link is in the way; remove it"),
    errno.ENAMETOOLONG: (ErrorCode.INVALID_NAME, "The name is too long for this file system"),
    errno.EILSEQ: (ErrorCode.INVALID_NAME, "This file system doesn't allow that name"),
    errno.ENXIO: (ErrorCode.USAGE, "This is not a regular file; give the path of one"),
    errno.ENODEV: (ErrorCode.USAGE, "This is not a regular file; give the path of one"),
    errno.EMFILE: (ErrorCode.PERMISSION_DENIED, _TOO_MANY),
    errno.ENFILE: (ErrorCode.PERMISSION_DENIED, _TOO_MANY),
    errno.EAGAIN: (ErrorCode.USAGE, "This is not a file that can be read to its end"),
}


def shown(path: str | os.PathLike[str]) -> str:
    """Return a path in printable form, in quotes."""
    return repr(os.fspath(path))


def translated(error: OSError, path: str | os.PathLike[str]) -> MinitorrentError:
    """Return the user's error for a system's error about `path`."""
    fallback = (ErrorCode.PERMISSION_DENIED, f"The system says: {error.strerror or error}")
    code, sentence = _KINDS.get(error.errno or 0, fallback)
    return MinitorrentError(code, f"{sentence}: {shown(path)}.")


@contextmanager
def translating(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn every OSError inside the block into a MinitorrentError about `path`."""
    try:
        yield
    except OSError as error:
        raise translated(error, path) from error
