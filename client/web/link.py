"""The token in the page's link, which stays the same from run to run until the user renews it."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Final

from client.storage.paths.secret_file import SecretFile

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
    file = _file(data_dir)
    kept = None if renew else file.read()
    if kept is None:
        kept = f"{new_token()}\n".encode()
        file.write(kept)
    return kept.decode().strip()


def drop_token(data_dir: Path) -> None:
    """Delete the token, which may have leaked, so that the next run creates a new one."""
    _file(data_dir).delete()


def _file(data_dir: Path) -> SecretFile:
    return SecretFile(data_dir / _NAME, _is_token, _SIZE)


def _is_token(data: bytes) -> bool:
    return _TOKEN.fullmatch(data) is not None
