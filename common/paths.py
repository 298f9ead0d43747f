"""Validation of file names from outside, for the whole program.

Any name that passes these checks is a plain name on every common platform and stays inside the
folder it is written to, whatever metainfo or upload it is from.
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
MAX_FOLDERS = 100_000

COLLIDES = "collides with another file's name; rename one of the two"

_DEVICE = r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\..*)?"
_FAULTS = (
    (re.compile(r"[/\\]"), "contains a slash"),
    # Also line separators and characters that override the writing direction, which would make
    # `gpj.exe` look like `exe.jpg`.
    (
        re.compile("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"),
        "contains a control character",
    ),
    (re.compile("[\ud800-\udfff]"), "is not valid Unicode"),
    (re.compile(r"[. ]\Z"), "ends in a dot or a space"),
    (re.compile(rf"\A([a-z]:|{_DEVICE}\Z)", re.I), "is reserved on Windows"),
)
_PLAIN = re.compile(  # a fast path for most names: a hundred thousand are checked at once
    r"(?!(?i:con|prn|aux|nul|com|lpt))"
    r"[A-Za-z0-9 _.,+()\[\]&'#@!=~{}$%^;-]{0,190}[A-Za-z0-9_)\]-]"
)


def check_component(name: str) -> str:
    """Return `name` if it can name a file or folder.

    Raises MinitorrentError(invalid_name) when it is empty, `.` or `..`, contains a slash,
    backslash, control character or unpaired surrogate, starts with a drive letter, ends in a dot or
    space, is a Windows device name, or is longer than 255 bytes in UTF-8.
    """
    fault = fault_of(name)
    if fault is not None:
        refuse_name(name, fault)
    return name


def fault_of(name: str) -> str | None:
    """Return why `name` can't name a file, as the end of a sentence, or None if it can."""
    return None if _PLAIN.fullmatch(name) else _thorough_fault_of(name)


def _thorough_fault_of(name: str) -> str | None:
    if not name:
        return "is empty"
    if name in (".", ".."):
        return "refers to a folder, not a name"
    for pattern, fault in _FAULTS:
        if pattern.search(name):
            return fault
    if len(name.encode()) > MAX_COMPONENT_BYTES:
        return f"is longer than {MAX_COMPONENT_BYTES} bytes"
    return None


def check_relative(parts: Sequence[str]) -> tuple[str, ...]:
    """Return `parts` if they form a relative path of valid names.

    Raises MinitorrentError(invalid_name) otherwise, and when there are more than 64 parts or more
    than 4096 bytes including slashes.
    """
    for part in parts:
        check_component(part)
    fault = _fault_of_whole(parts)
    if fault is not None:
        refuse_name("/".join(parts), fault)
    return tuple(parts)


def fault_in(parts: Sequence[str]) -> str | None:
    """Return why `parts` can't be a path, as the end of a sentence, or None if they can."""
    return next(filter(None, map(fault_of, parts)), None) or _fault_of_whole(parts)


def _fault_of_whole(parts: Sequence[str]) -> str | None:
    if not 1 <= len(parts) <= MAX_DEPTH:
        return f"does not have 1 to {MAX_DEPTH} parts"
    if len("/".join(parts).encode()) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    return None


def check_count(files: int, max_files: int = MAX_FILES) -> None:
    """Raise MinitorrentError(invalid_name) for more than `max_files` files."""
    if files > max_files:
        _refuse_many(max_files, "files")


class Tree:
    """A set of relative paths that can coexist in one folder on every platform.

    `longest` and `deepest` are the paths to check against the limits once the folder's own location
    is known. It refuses more files or folders than the given limits with
    MinitorrentError(invalid_name).
    """

    def __init__(self, max_files: int = MAX_FILES, max_folders: int = MAX_FOLDERS) -> None:
        self._max_files = max_files
        self._max_folders = max_folders
        self.longest: tuple[str, ...] = ()
        self.deepest: tuple[str, ...] = ()
        self._files = self._longest = 0
        self._folders: dict[tuple[str, ...], _Folder] = {(): _Folder(0)}

    def add(self, path: tuple[str, ...]) -> bool:
        """Add a file; return False when its path collides with another one."""
        self._files += 1
        if self._files > self._max_files:
            _refuse_many(self._max_files, "files")
        folder = self._folders.get(path[:-1]) or self._enter(path[:-1])
        if folder is None or not folder.put_file(path[-1]):
            return False
        length = folder.length + len(path[-1].encode())
        if length > self._longest:
            self._longest, self.longest = length, path
        if len(path) > len(self.deepest):
            self.deepest = path
        return True

    def _enter(self, path: tuple[str, ...]) -> _Folder | None:
        """Return the folder at a path, creating it if necessary, or None on a collision."""
        folder = self._folders[()]
        for depth, name in enumerate(path, start=1):
            inner = folder.enter(name)
            if inner is None:
                return None
            folder = self._folders[path[:depth]] = inner
            if len(self._folders) - 1 > self._max_folders:
                _refuse_many(self._max_folders, "folders")
        return folder


class _Folder:
    """A folder's entries by case-folded name: the name as given, and the folder, or None for a
    file.

    `length` is the length in bytes of the path to its entries, including the last slash.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._entries: dict[str, tuple[str, _Folder | None]] = {}

    def enter(self, name: str) -> _Folder | None:
        """Return the subfolder, creating it if necessary, or None on a collision."""
        folded = _fold(name)
        if folded not in self._entries:
            self._entries[folded] = (name, _Folder(self.length + len(name.encode()) + 1))
        known, folder = self._entries[folded]
        return folder if known == name else None

    def put_file(self, name: str) -> bool:
        """Add a file; return False when the name is taken."""
        folded = _fold(name)
        if folded in self._entries:
            return False
        self._entries[folded] = (name, None)
        return True


def _fold(name: str) -> str:
    """Map names that some platform treats as equal to one text (canonical caseless matching)."""
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFD", folded)


def _refuse_many(most: int, what: str) -> NoReturn:
    raise MinitorrentError(
        ErrorCode.INVALID_NAME,
        f"A folder of more than {most} {what} can't be shared; pack it into an archive.",
    )


def refuse_name(name: str, reason: str) -> NoReturn:
    """Raise MinitorrentError(invalid_name); `reason` is the end of a sentence."""
    shown = repr(name if len(name) <= 80 else name[:77] + "...")
    raise MinitorrentError(ErrorCode.INVALID_NAME, f"The name {shown} {reason}.")
