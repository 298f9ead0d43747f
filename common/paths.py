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
MAX_FOLDERS = 100_000

COLLIDES = "collides with another file's name; rename one of the two"

_DEVICE = r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\..*)?"
_FAULTS = (
    (re.compile(r"[/\\]"), "contains a slash"),
    # Also separators of lines, and what overrides the writing direction: that makes `exe.jpg` out
    # of `gpj.exe`.
    (
        re.compile("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"),
        "contains a control character",
    ),
    (re.compile("[\ud800-\udfff]"), "is not valid Unicode"),
    (re.compile(r"[. ]\Z"), "ends in a dot or a space"),
    (re.compile(rf"\A([a-z]:|{_DEVICE}\Z)", re.I), "is reserved on Windows"),
)
_PLAIN = re.compile(  # most names there are; a hundred thousand of them are judged at once
    r"(?!(?i:con|prn|aux|nul|com|lpt))"
    r"[A-Za-z0-9 _.,+()\[\]&'#@!=~{}$%^;-]{0,190}[A-Za-z0-9_)\]-]"
)


def check_component(name: str) -> str:
    """Return `name` when it may name a file or folder.

    Raises MinitorrentError(invalid_name) when it is empty, `.` or `..`, holds a slash, backslash,
    control character or unpaired surrogate, starts like a drive, ends in a dot or space, is a
    device of Windows, or is longer than 255 bytes in UTF-8.
    """
    fault = fault_of(name)
    if fault is not None:
        refuse_name(name, fault)
    return name


def fault_of(name: str) -> str | None:
    """Why this can't name a file or folder, as the end of a sentence; None when it can."""
    if _PLAIN.fullmatch(name):
        return None
    if not name:
        return "is empty"
    if name in (".", ".."):
        return "is not a name of its own"
    for pattern, fault in _FAULTS:
        if pattern.search(name):
            return fault
    if len(name.encode()) > MAX_COMPONENT_BYTES:
        return f"is longer than {MAX_COMPONENT_BYTES} bytes"
    return None


def check_relative(parts: Sequence[str]) -> tuple[str, ...]:
    """Return `parts` when they are a relative path whose every component is a good name.

    Raises MinitorrentError(invalid_name) otherwise, also when there are more than 64 parts or
    more than 4096 bytes, slashes included.
    """
    for part in parts:
        check_component(part)
    fault = _fault_of_whole(parts)
    if fault is not None:
        refuse_name("/".join(parts), fault)
    return tuple(parts)


def fault_in(parts: Sequence[str]) -> str | None:
    """Why these can't be a relative path, as the end of a sentence; None when they can."""
    return next(filter(None, map(fault_of, parts)), None) or _fault_of_whole(parts)


def _fault_of_whole(parts: Sequence[str]) -> str | None:
    if not 1 <= len(parts) <= MAX_DEPTH:
        return f"does not have 1 to {MAX_DEPTH} parts"
    if len("/".join(parts).encode()) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    return None


def check_tree(paths: Sequence[tuple[str, ...]]) -> None:
    """Make sure that relative paths can stand side by side in one folder on every platform.

    Raises MinitorrentError(invalid_name) for more than 100,000 paths, the same path twice, paths
    that differ only in case or Unicode normalisation, and a file that is another one's folder.
    """
    check_count(len(paths))
    tree = Tree()
    for path in paths:
        if not tree.add(path):
            refuse_name("/".join(path), COLLIDES)


def check_count(files: int) -> None:
    """Raises MinitorrentError(invalid_name) for more files than one folder may hold."""
    if files > MAX_FILES:
        _refuse_many(MAX_FILES, "files")


class Tree:
    """Relative paths that can stand side by side in one folder on every platform.

    `longest` and `deepest` are the paths to judge when the folder itself is put somewhere.
    """

    def __init__(self) -> None:
        self.longest: tuple[str, ...] = ()
        self.deepest: tuple[str, ...] = ()
        self._files = self._longest = 0
        self._folders: dict[tuple[str, ...], _Folder] = {(): _Folder(0)}

    def add(self, path: tuple[str, ...]) -> bool:
        """Put a file there; False when it collides with another one's path.

        Raises MinitorrentError(invalid_name) for more than 100,000 files or folders.
        """
        self._files += 1
        if self._files > MAX_FILES:
            _refuse_many(MAX_FILES, "files")
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
        """The folder at a path, made if there is nothing; None when it collides."""
        folder = self._folders[()]
        for depth, name in enumerate(path, start=1):
            inner = folder.enter(name)
            if inner is None:
                return None
            folder = self._folders[path[:depth]] = inner
            if len(self._folders) - 1 > MAX_FOLDERS:
                _refuse_many(MAX_FOLDERS, "folders")
        return folder


class _Folder:
    """What a folder holds so far, by folded name: the name as given, and the folder or None.

    `length` is that of the path to what is in it (bytes), the last slash included.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._entries: dict[str, tuple[str, _Folder | None]] = {}

    def enter(self, name: str) -> _Folder | None:
        """The folder inside, made if there is nothing; None when it collides."""
        folded = _fold(name)
        if folded not in self._entries:
            self._entries[folded] = (name, _Folder(self.length + len(name.encode()) + 1))
        known, folder = self._entries[folded]
        return folder if known == name else None

    def put_file(self, name: str) -> bool:
        """Whether there was room for a file of the name."""
        folded = _fold(name)
        if folded in self._entries:
            return False
        self._entries[folded] = (name, None)
        return True


def _fold(name: str) -> str:
    """The same text for all names that some platform takes for one (canonical caseless match)."""
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
    """Raise MinitorrentError(invalid_name); the reason is the end of a sentence."""
    shown = repr(name if len(name) <= 80 else name[:77] + "...")
    raise MinitorrentError(ErrorCode.INVALID_NAME, f"The name {shown} {reason}.")
