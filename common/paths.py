"""The one judge of file names from outside.

Whatever a metainfo or an upload calls its files, what passes here is a plain name on every
common platform and stays inside the folder that it is put into.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NoReturn

from common.errors import ErrorCode, MinitorrentError

MAX_COMPONENT_BYTES = 255
MAX_PATH_BYTES = 4096
MAX_DEPTH = 64
MAX_FILES = 100_000

_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\..*)?", re.I)
_DRIVE = re.compile(r"[a-z]:", re.I)
# Also separators of lines, and what overrides the writing direction: that makes `exe.jpg` out of
# `gpj.exe`.
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def check_component(name: str) -> str:
    """Return `name` when it may name a file or folder.

    Raises MinitorrentError(invalid_name) when it is empty, `.` or `..`, holds a slash, backslash,
    control character or unpaired surrogate, starts like a drive, ends in a dot or space, is a
    device of Windows, or is longer than 255 bytes in UTF-8.
    """
    if not name:
        _refuse(name, "is empty")
    if name in (".", ".."):
        _refuse(name, "is not a name of its own")
    if "/" in name or "\\" in name:
        _refuse(name, "contains a slash")
    if _CONTROL.search(name):
        _refuse(name, "contains a control character")
    if _SURROGATE.search(name):
        _refuse(name, "is not valid Unicode")
    if len(name.encode()) > MAX_COMPONENT_BYTES:
        _refuse(name, f"is longer than {MAX_COMPONENT_BYTES} bytes")
    if name[-1] in ". ":
        _refuse(name, "ends in a dot or a space")
    if _DRIVE.match(name) or _DEVICE.fullmatch(name):
        _refuse(name, "is reserved on Windows")
    return name


def check_relative(parts: Sequence[str]) -> tuple[str, ...]:
    """Return `parts` when they are a relative path whose every component is a good name.

    Raises MinitorrentError(invalid_name) otherwise, also when there are more than 64 parts or
    more than 4096 bytes, slashes included.
    """
    if not 1 <= len(parts) <= MAX_DEPTH:
        _refuse("/".join(parts), f"does not have 1 to {MAX_DEPTH} parts")
    checked = tuple(check_component(part) for part in parts)
    if len("/".join(checked).encode()) > MAX_PATH_BYTES:
        _refuse("/".join(checked), f"is longer than {MAX_PATH_BYTES} bytes")
    return checked


def check_tree(paths: Sequence[tuple[str, ...]]) -> None:
    """Make sure that relative paths can stand side by side in one folder on every platform.

    Raises MinitorrentError(invalid_name) for more than 100,000 paths, the same path twice, paths
    that differ only in case or Unicode normalisation, and a file that is another one's folder.
    """
    if len(paths) > MAX_FILES:
        raise MinitorrentError(
            ErrorCode.INVALID_NAME,
            f"A folder of more than {MAX_FILES} files can't be shared; pack it into an archive.",
        )
    root = _Folder()
    for path in paths:
        folder = root
        for part in path[:-1]:
            folder = folder.enter(part, path)
        folder.put_file(path[-1], path)


class _Folder:
    """What a folder holds so far, by folded name: the name as given, and the folder or None."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[str, _Folder | None]] = {}

    def enter(self, name: str, path: tuple[str, ...]) -> _Folder:
        known, folder = self._entries.setdefault(_fold(name), (name, _Folder()))
        if known != name or folder is None:
            _collide(path)
        return folder

    def put_file(self, name: str, path: tuple[str, ...]) -> None:
        folded = _fold(name)
        if folded in self._entries:
            _collide(path)
        self._entries[folded] = (name, None)


def _fold(name: str) -> str:
    """The same text for all names that some platform takes for one (canonical caseless match)."""
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFD", folded)


def _collide(path: tuple[str, ...]) -> NoReturn:
    _refuse("/".join(path), "collides with another file's name; rename one of the two")


def _refuse(name: str, reason: str) -> NoReturn:
    shown = repr(name if len(name) <= 80 else name[:77] + "...")
    raise MinitorrentError(ErrorCode.INVALID_NAME, f"The name {shown} {reason}.")
