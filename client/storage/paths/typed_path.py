"""Paths that a user types, and the destinations of downloads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from client.caller import current_caller
from client.storage.paths.os_errors import shown, translated, translating
from common.errors import ErrorCode, MinitorrentError
from common.paths import MAX_COMPONENT_BYTES, check_component

MAX_TYPED_BYTES: Final = 4095
"""The longest path that the system accepts (PATH_MAX without its NUL)."""

_MAX_SHOWN: Final = 80  # characters of a path in an error


def typed_path(path: str | Path) -> Path:
    """Return the absolute path for what a user typed: `~` is the home folder, `..` is resolved.

    A relative path is relative to the caller's folder (see client.caller). Symbolic links keep
    their names; the path need not exist. Raises MinitorrentError: usage for an empty path,
    invalid_name for one that is invalid, too long, or not valid Unicode (which could be neither
    shown nor recorded); file_not_found for an unknown home.
    """
    text = os.fspath(path)
    if not text:
        raise MinitorrentError(ErrorCode.USAGE, "The path is empty; give the path of a file.")
    if "\0" in text:
        raise _refused(text, "contains a NUL character, which paths can't contain")
    try:
        expanded = Path(text).expanduser()
        caller = current_caller()
        placed = expanded if caller is None else caller.folder / expanded
        absolute = os.path.abspath(placed)  # noqa: PTH100 - absolute() keeps `..`
    except RuntimeError as error:
        raise MinitorrentError(
            ErrorCode.FILE_NOT_FOUND, f"There is no home folder for {shown(text)}; check the path."
        ) from error
    except OSError as error:  # the current folder was deleted
        raise translated(error, text) from error
    try:
        encoded = absolute.encode()
    except UnicodeEncodeError as error:
        raise _refused(text, "is not valid Unicode; rename it") from error
    longest = max(map(len, encoded.split(b"/")))
    if longest > MAX_COMPONENT_BYTES or len(encoded) > MAX_TYPED_BYTES:
        raise _refused(text, "is too long for this system; choose a shorter one")
    return Path(absolute)


def _refused(text: str, reason: str) -> MinitorrentError:
    short = text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."
    return MinitorrentError(ErrorCode.INVALID_NAME, f"The path {shown(short)} {reason}.")


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
