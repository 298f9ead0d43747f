"""The token in the page's link, which stays the same from run to run until the user renews it."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from client.storage.paths.reading import read_plain
from client.storage.paths.writing import NewFile, write_private
from common.errors import MinitorrentError

_NAME: Final = "page.token"
_TOKEN: Final = re.compile(rb"[A-Za-z0-9_-]{43}\n")
_SIZE: Final = 44  # bytes of the file


def new_token() -> str:
    """Return a token of 256 random bits that is safe in URLs."""
    return secrets.token_urlsafe(32)


def load_token(data_dir: Path, *, renew: bool = False) -> str:
    """Return the stored token, or create and store a new one.

    The token is always new with `renew`, or if other users could have read the file. Raises
    MinitorrentError if the token can't be stored, for example file_exists.
    """
    path = data_dir / _NAME
    kept = None if renew else _read(path)
    if kept is None:
        kept = new_token()
        write_private(NewFile(path, f"{kept}\n".encode(), _is_token))
    return kept


def drop_token(data_dir: Path) -> None:
    """Delete the token, which may have leaked, so that the next run creates a new one."""
    with suppress(OSError):  # there is none
        (data_dir / _NAME).unlink()


def _is_token(data: bytes) -> bool:
    return _TOKEN.fullmatch(data) is not None


def _read(path: Path) -> str | None:
    """Return the stored token, or None if the file is damaged or not private to the user."""
    try:
        status = path.lstat()
        data = read_plain(path, _SIZE)
    except (OSError, MinitorrentError):
        return None
    is_private = status.st_uid == os.geteuid() and not status.st_mode & 0o077
    return data.decode().strip() if is_private and _is_token(data) else None
