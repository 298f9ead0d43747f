"""Access to the tracker's and the operator's files: created whole, read without blocking."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def make_private(path: Path, data: bytes) -> bool:
    """Create a file that only its user can read; see `create_file`."""
    return create_file(path, data, 0o600)


def create_file(path: Path, data: bytes, mode: int) -> bool:
    """Create a file with these permissions, complete from the start.

    An existing file is left unchanged; returns whether the file was created. Raises OSError.
    """
    with suppress(FileExistsError), drafted(path, mode) as draft:  # another tracker was quicker
        draft.write_bytes(data)
        return True
    return False


@contextmanager
def drafted(path: Path, mode: int) -> Iterator[Path]:
    """Have a new file filled in the block under another name; then it gets its own, complete.

    Nothing is left if the block raises. Raises FileExistsError, and OSError.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(draft, flags, 0o600)
    try:
        yield draft
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
        os.link(draft, path)
    finally:
        os.close(descriptor)
        draft.unlink()


def check_plain(path: Path) -> os.stat_result:
    """Return the status of the regular file at `path`, following links.

    Raises OSError for anything else, such as a folder, pipe or device, which could not be read, or
    only after a long wait.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError("it is not a plain file")
    return found


def read_plain(path: Path, most: int) -> bytes:
    """Return the contents of a regular file; raises OSError if it has more than `most` bytes."""
    check_plain(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is not a plain file")
        data = file.read(most + 1) or b""
    if len(data) > most:
        raise OSError(f"it is larger than {most:,} bytes")
    return data
