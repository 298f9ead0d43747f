"""The secret in the page's link, which stays the same from run to run until the user renews it."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from client.storage.reading import read_plain
from client.storage.writing import NewFile, write_private
from common.errors import MinitorrentError

_NAME: Final = "page.token"
_TOKEN: Final = re.compile(rb"[A-Za-z0-9_-]{43}\n")
_SIZE: Final = 44


def new_token() -> str:
    """256 random bits, fit for a URL."""
    return secrets.token_urlsafe(32)


def load_token(data_dir: Path, *, renew: bool = False) -> str:
    """Return the token of the last run, or a new one that later runs return too.

    With `renew`, or when others could have read the file, the token is always a new one.
    Raises MinitorrentError when it can't be kept, file_exists among others.
    """
    path = data_dir / _NAME
    kept = None if renew else _read(path)
    if kept is None:
        kept = new_token()
        write_private(NewFile(path, f"{kept}\n".encode(), _is_token))
    return kept


def drop_token(data_dir: Path) -> None:
    """Have the next run make a new token: somebody else may have learned this one."""
    with suppress(OSError):
        (data_dir / _NAME).unlink()


def _is_token(data: bytes) -> bool:
    return _TOKEN.fullmatch(data) is not None


def _read(path: Path) -> str | None:
    """The token in the file, unless it is damaged or not the user's own secret."""
    try:
        status = path.lstat()
        data = read_plain(path, _SIZE)
    except (OSError, MinitorrentError):
        return None
    is_private = status.st_uid == os.geteuid() and not status.st_mode & 0o077
    return data.decode().strip() if is_private and _is_token(data) else None
