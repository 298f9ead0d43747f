"""What a user wants to share: a file, or a folder with all regular files in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from client.core.transfers.resume import FileStamp, FileStamps
from client.descriptors import wait_for_descriptor
from client.storage.files.attributes import attributes_of
from client.storage.files.content import take_stamps
from client.storage.paths.os_errors import shown, translated, translating
from client.storage.paths.safe_open import open_beneath
from client.storage.paths.typed_path import typed_path
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import FileEntry
from common.paths import COLLIDES, MAX_FILES, Tree, check_component, check_count, fault_in

_MAX_LISTED: Final = 10
"""Files listed by name; beyond that, only their number is reported."""

_MAX_SHOWN: Final = 200  # characters of a path that are shown


@dataclass(frozen=True)
class Source:
    """A file or folder to share. `warnings` lists what is left out of the folder."""

    path: Path
    name: str
    is_folder: bool
    files: tuple[FileEntry, ...]
    stamps: FileStamps
    warnings: tuple[str, ...]

    @property
    def length(self) -> int:
        """The total size in bytes."""
        return sum(file.length for file in self.files)

    def stamps_now(self) -> FileStamps:
        """Return the same files' stamps as they are now."""
        return take_stamps(self.path, self.files, is_folder=self.is_folder)

    def check_unchanged(self) -> None:
        """Raise MinitorrentError(file_changed) when a file has changed since the scan."""
        if self.stamps_now() != self.stamps:
            raise MinitorrentError(
                ErrorCode.FILE_CHANGED,
                f"{shown(self.path)} changed while it was being read; share it again when no "
                "program writes to it any more.",
            )


def scan(
    path: Path, name: str | None = None, *, leave_out: bool = False, max_files: int = MAX_FILES
) -> Source:
    """Scan `path` for files to share, in the order of the UTF-8 bytes of their names.

    `name` replaces the path's own name. `path` itself may be a symbolic link; links inside a
    folder are left out, as are devices and the like. With `leave_out`, so is everything else that
    can't be shared: names that other systems don't allow, unreadable files.

    Raises MinitorrentError: file_not_found, permission_denied, invalid_name (naming the files),
    usage for anything but a file or folder, or a folder without files.
    """
    path = typed_path(path)
    with translating(path):
        mode = path.stat().st_mode
    name = check_component(path.name if name is None else name)
    if stat.S_ISDIR(mode):
        return _scan_folder(path, name, _FolderScan(path, max_files), leave_out=leave_out)
    if not stat.S_ISREG(mode):
        raise MinitorrentError(ErrorCode.USAGE, f"{shown(path)} is neither a file nor a folder.")
    fault = _fault_of_file(path, ())
    if fault is not None:
        raise MinitorrentError(fault.code, f"{shown(path)} {fault.text}.")
    (file,), stamps = _entries(path, [()])
    return Source(
        path,
        name,
        is_folder=False,
        files=(file._replace(path=(name,)),),
        stamps=stamps,
        warnings=(),
    )


def _scan_folder(path: Path, name: str, scanned: _FolderScan, *, leave_out: bool) -> Source:
    scanned.walk(())
    scanned.judge()
    if scanned.faults and not leave_out:
        raise scanned.refusal()
    if not scanned.files:
        raise MinitorrentError(
            ErrorCode.USAGE, f"{shown(path)} contains no files; add one and try again."
        )
    files, stamps = _entries(path, scanned.files)
    return Source(
        path, name, is_folder=True, files=files, stamps=stamps, warnings=scanned.warnings()
    )


class _Fault(NamedTuple):
    """Why a file can't be shared: `text` is the end of a sentence."""

    code: ErrorCode
    text: str


_UNREADABLE: Final = _Fault(ErrorCode.PERMISSION_DENIED, "can't be read (check its permissions)")


class _FolderScan:
    """The contents of the folder `root`: `files` that can be shared, and `faults` of others.

    Call `walk`, then `judge`. It refuses more than `max_files` files with
    MinitorrentError(invalid_name).
    """

    def __init__(self, root: Path, max_files: int) -> None:
        self.root = root
        self._max_files = max_files
        self.files: list[tuple[str, ...]] = []
        self.faults: list[tuple[str, _Fault]] = []
        self._left_out: list[str] = []

    def walk(self, inside: tuple[str, ...]) -> None:
        """Collect everything with a valid name in a folder, recursively."""
        folder = self.root.joinpath(*inside)
        try:
            with wait_for_descriptor(lambda: os.scandir(folder)) as entries:
                found = list(entries)
        except PermissionError:
            self._refuse(inside, _UNREADABLE)
            return
        except OSError as error:
            raise translated(error, folder) from error
        if not found and inside:
            self._left_out.append(f"{shown(folder)} is empty")
        for entry in found:
            parts = (*inside, entry.name)
            if entry.is_symlink():
                self._left_out.append(f"{shown(entry.path)} is a symbolic link")
            elif fault := fault_in(parts):
                self._refuse(parts, _Fault(ErrorCode.INVALID_NAME, fault))
            elif entry.is_dir(follow_symlinks=False):
                self.walk(parts)
            elif entry.is_file(follow_symlinks=False):
                self.files.append(parts)
                check_count(len(self.files), self._max_files)
            else:
                self._left_out.append(f"{shown(entry.path)} is not a regular file")

    def judge(self) -> None:
        """Sort the files, and keep those that are readable and have distinct names everywhere."""
        tree, found = (
            Tree(self._max_files),
            sorted(self.files, key=lambda parts: [part.encode() for part in parts]),
        )
        self.files = []
        for parts in found:
            fault = _fault_of_file(self.root, parts)
            if fault is None and not tree.add(parts):
                fault = _Fault(ErrorCode.INVALID_NAME, COLLIDES)
            if fault is None:
                self.files.append(parts)
            else:
                self._refuse(parts, fault)

    def _refuse(self, parts: tuple[str, ...], fault: _Fault) -> None:
        path = "/".join(parts)
        self.faults.append(
            (path if len(path) <= _MAX_SHOWN else f"{path[: _MAX_SHOWN - 3]}...", fault)
        )

    def refusal(self) -> MinitorrentError:
        """Return the error that names what can't be shared."""
        listed = [f"{shown(path)} {fault.text}" for path, fault in self.faults[:_MAX_LISTED]]
        if len(self.faults) > _MAX_LISTED:
            listed.append(f"and {len(self.faults) - _MAX_LISTED:,} more")
        return MinitorrentError(
            self.faults[0][1].code,
            f"Not all of {shown(self.root)} can be shared: {'; '.join(listed)}. Fix that, or "
            "leave it out with --skip-unsharable.",
        )

    def warnings(self) -> tuple[str, ...]:
        """Return sentences about what is left out."""
        all_of_it = self._left_out + [f"{shown(path)} {fault.text}" for path, fault in self.faults]
        listed = [f"{text}: left out." for text in all_of_it[:_MAX_LISTED]]
        if len(all_of_it) > _MAX_LISTED:
            listed.append(
                f"{len(all_of_it) - _MAX_LISTED:,} more in {shown(self.root)} are left out."
            )
        return tuple(listed)


def _fault_of_file(root: Path, parts: tuple[str, ...]) -> _Fault | None:
    """Return why a file inside `root`, or `root` itself, can't be shared, or None."""
    path = root.joinpath(*parts)
    if not os.access(path, os.R_OK) and os.path.lexists(path):
        return _UNREADABLE
    try:
        # Files that the system generates on reading, as in /proc, report a size of 0.
        if not path.stat().st_size and _has_content(root, parts):
            return _Fault(ErrorCode.USAGE, "has no size of its own (share a copy)")
    except FileNotFoundError:
        pass  # it has vanished, which is reported later
    except OSError as error:
        raise translated(error, path) from error
    return None


def _has_content(root: Path, parts: tuple[str, ...]) -> bool:
    descriptor = open_beneath(root, parts, os.O_RDONLY)
    try:
        return bool(os.read(descriptor, 1))
    finally:
        os.close(descriptor)


def _entries(
    root: Path, files: Sequence[tuple[str, ...]]
) -> tuple[tuple[FileEntry, ...], FileStamps]:
    """Return the files as they are now; raises MinitorrentError(file_changed) if one vanished."""
    entries, stamps = list[FileEntry](), list[FileStamp]()
    for parts in files:
        path = root.joinpath(*parts)
        with translating(path):
            try:
                status = path.stat()
            except FileNotFoundError:
                status = None
        if status is None or not stat.S_ISREG(status.st_mode):
            raise MinitorrentError(
                ErrorCode.FILE_CHANGED,
                f"{shown(path)} vanished while {shown(root)} was being scanned; share it when "
                "nothing changes it any more.",
            )
        executable, mtime = attributes_of(status)
        entries.append(FileEntry(parts, status.st_size, executable=executable, mtime=mtime))
        stamps.append(FileStamp(status.st_size, status.st_mtime_ns))
    return tuple(entries), FileStamps(tuple(stamps))
