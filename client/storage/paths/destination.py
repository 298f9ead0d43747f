"""Resolves the destination of a download from what the user typed."""

from __future__ import annotations

import os
from pathlib import Path

from client.storage.paths.os_errors import shown, translating
from client.storage.paths.typed_path import typed_path
from common.errors import ErrorCode, MinitorrentError
from common.paths import check_component


def resolve(destination: str, name: str) -> Path:
    """Return the full path for content called `name`.

    A destination that is a folder, or ends in a slash, keeps the name; any other is the full path
    itself. `~` is the home folder. Parent folders may be missing; the path itself is not checked
    for existing files. Raises MinitorrentError like `typed_path`, and file_not_found when a file
    is where a folder has to be, permission_denied when nothing can be created there.
    """
    check_component(name)
    path = typed_path(destination)
    with translating(path):
        if destination.endswith("/") or path.is_dir():
            path = typed_path(path / name)
        _check_parent(path)
    return path


def _check_parent(path: Path) -> None:
    folder = next(above for above in path.parents if os.path.lexists(above))
    if not folder.is_dir():
        raise MinitorrentError(ErrorCode.FILE_NOT_FOUND, f"{shown(folder)} is not a folder.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"Nothing can be written to {shown(folder)}; choose another destination.",
        )
