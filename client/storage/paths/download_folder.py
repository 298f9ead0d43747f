"""The folder that downloads go to unless the user names a place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from client.storage.paths.os_errors import shown, translating
from client.storage.paths.typed_path import typed_path
from common.errors import ErrorCode, MinitorrentError


def usual_folder() -> Path:
    """Return the platform's folder for downloads, else the home folder, else the current one."""
    return next(filter(_is_usable, _candidates()), Path.cwd())


def chosen_folder(typed: str) -> Path:
    """Return the folder that a user typed, and create it if it doesn't exist.

    Raises MinitorrentError: like `typed_path`, and what the system reports if it can't be created;
    file_not_found if it is a file, permission_denied if nothing can be written to it.
    """
    path = typed_path(typed)
    with translating(path):
        if not path.exists():
            path.mkdir(parents=True)
    if not path.is_dir():
        raise MinitorrentError(ErrorCode.FILE_NOT_FOUND, f"{shown(path)} is not a folder.")
    if not _is_usable(path):
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"Nothing can be written to {shown(path)}; choose another folder.",
        )
    return path


def _candidates() -> Iterator[Path]:
    import platformdirs

    try:
        yield platformdirs.user_downloads_path()
        yield Path.home()
    except RuntimeError:  # this user has no home folder
        return


def _is_usable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
