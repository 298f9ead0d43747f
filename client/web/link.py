"""The secret in the page's link, which stays the same from run to run until the user renews it."""

from __future__ import annotations

import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from common.errors import ErrorCode, MinitorrentError

_NAME = "page.token"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")


def new_token() -> str:
    """256 random bits, fit for a URL."""
    return secrets.token_urlsafe(32)


def load_token(data_dir: Path, *, renew: bool = False) -> str:
    """Return the token of the last run, or a new one that later runs return too.

    With `renew`, or when others could have read the file, the token is always a new one.
    Raises MinitorrentError(permission_denied) when it can't be kept.
    """
    path = data_dir / _NAME
    kept = None if renew else _read(path)
    return kept or _keep(path, new_token())


def drop_token(data_dir: Path) -> None:
    """Have the next run make a new token: somebody else may have learned this one."""
    with suppress(OSError):
        (data_dir / _NAME).unlink()


def _read(path: Path) -> str | None:
    """The token in the file, unless it is damaged or not the user's own secret."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        is_private = status.st_uid == os.geteuid() and not status.st_mode & 0o077
        if not (stat.S_ISREG(status.st_mode) and is_private):
            return None
        text = file.read(100).decode("ascii", "replace").strip()
    return text if _TOKEN.match(text) else None


def _keep(path: Path, token: str) -> str:
    """Put a new file in place of the old one, for its owner only."""
    try:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(token + "\n")
    except OSError as error:
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"The page's link can't be kept in {str(path)!r}: {error.strerror}.",
        ) from error
    return token
