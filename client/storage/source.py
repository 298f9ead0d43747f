"""What a user wants to share: a file, or a folder with all plain files in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from client.core.resume import MISSING, FileFacts
from client.patience import patiently
from client.storage.content import take_facts
from client.storage.failures import shown, translating
from client.storage.opening import open_beneath
from client.storage.typed_path import typed_path
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import FileEntry
from common.paths import MAX_FILES, check_component, check_relative, check_tree


@dataclass(frozen=True)
class Source:
    """A file or folder as it was found. `warnings` says what in the folder is left out."""

    path: Path
    name: str
    is_folder: bool
    files: tuple[FileEntry, ...]
    facts: FileFacts
    warnings: tuple[str, ...]

    @property
    def length(self) -> int:
        """Length of the whole content (bytes)."""
        return sum(file.length for file in self.files)

    def facts_now(self) -> FileFacts:
        """The same files' facts as they are now."""
        return take_facts(self.path, self.files, self.is_folder)


def scan(path: Path, name: str | None = None) -> Source:
    """Find out what there is at `path`; files come in the order of their names' UTF-8 bytes.

    `name` is what it is to be called, if not by its own name. `path` itself may be a symbolic
    link; links inside a folder are left out, as are devices and the like. Raises MinitorrentError:
    file_not_found, permission_denied, invalid_name (naming
    the file), usage for what is neither file nor folder, or a folder without files.
    """
    path = typed_path(path)
    with translating(path):
        mode = path.stat().st_mode
    name = check_component(path.name if name is None else name)
    if stat.S_ISDIR(mode):
        warnings: list[str] = []
        found = islice(_walk(path, (), warnings), MAX_FILES + 1)
        files = sorted(found, key=lambda parts: [part.encode() for part in parts])
        if not files:
            raise MinitorrentError(
                ErrorCode.USAGE, f"{shown(path)} holds no files; put one in and try again."
            )
        check_tree(files)
        return _source(path, name, True, files, tuple(warnings))
    if not stat.S_ISREG(mode):
        raise MinitorrentError(ErrorCode.USAGE, f"{shown(path)} is neither a file nor a folder.")
    return _source(path, name, False, [(name,)], ())


def _source(
    path: Path,
    name: str,
    is_folder: bool,
    files: list[tuple[str, ...]],
    warnings: tuple[str, ...],
) -> Source:
    for parts in files:
        file = path.joinpath(*parts) if is_folder else path
        if not os.access(file, os.R_OK):
            raise MinitorrentError(
                ErrorCode.PERMISSION_DENIED, f"{shown(file)} can't be read; check its permissions."
            )
    facts = take_facts(path, [FileEntry(parts, 0) for parts in files], is_folder)
    if MISSING in facts.files:
        raise MinitorrentError(
            ErrorCode.FILE_CHANGED,
            f"Files vanished from {shown(path)}; share it when it is at rest.",
        )
    for parts, size in zip(files, facts.sizes, strict=True):
        if not size:
            _check_is_empty(path, parts if is_folder else ())
    entries = tuple(FileEntry(*pair) for pair in zip(files, facts.sizes, strict=True))
    return Source(path, name, is_folder, entries, facts, warnings)


def _check_is_empty(root: Path, parts: tuple[str, ...]) -> None:
    """Files that the system makes up when they are read say that they are empty."""
    path = root.joinpath(*parts)
    with translating(path):
        descriptor = open_beneath(root, parts, os.O_RDONLY)
        try:
            is_empty = not os.read(descriptor, 1)
        finally:
            os.close(descriptor)
    if not is_empty:
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"{shown(path)} has no size of its own; copy it to a plain file and share that.",
        )


def _walk(root: Path, inside: tuple[str, ...], warnings: list[str]) -> Iterator[tuple[str, ...]]:
    folder = root.joinpath(*inside)
    with translating(folder), patiently(lambda: os.scandir(folder)) as entries:
        found = list(entries)
    if not found and inside:
        warnings.append(f"{shown(folder)} is empty and left out.")
    for entry in found:
        parts = check_relative((*inside, entry.name))
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, parts, warnings)
        elif entry.is_file(follow_symlinks=False):
            yield parts
        else:
            kind = "a symbolic link" if entry.is_symlink() else "not a plain file"
            warnings.append(f"{shown(entry.path)} is {kind} and left out.")
