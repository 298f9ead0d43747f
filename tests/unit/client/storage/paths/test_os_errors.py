"""Which of the user's errors the system's become."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from client.storage.paths.os_errors import translated, translating
from common.errors import ErrorCode, MinitorrentError


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, ErrorCode.DISK_FULL),
        (errno.EDQUOT, ErrorCode.DISK_FULL),
        (errno.EFBIG, ErrorCode.DISK_FULL),
        (errno.EACCES, ErrorCode.PERMISSION_DENIED),
        (errno.EROFS, ErrorCode.PERMISSION_DENIED),
        (errno.EIO, ErrorCode.PERMISSION_DENIED),
        (errno.ENOENT, ErrorCode.FILE_NOT_FOUND),
        (errno.EISDIR, ErrorCode.FILE_EXISTS),
    ],
)
def test_errors_are_translated(number: int, code: ErrorCode) -> None:
    error = translated(OSError(number, os.strerror(number)), Path("/some/file"))
    assert error.code is code
    assert "'/some/file'" in error.message


def test_an_unknown_error_is_quoted() -> None:
    with pytest.raises(MinitorrentError, match="Input/output error"), translating("/some/file"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
