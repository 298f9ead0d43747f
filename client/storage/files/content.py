"""The bytes of several files as one run, the way pieces see them."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path

from client.core.transfers.resume import MISSING, FileStamp, FileStamps
from client.storage.files import attributes
from client.storage.files.change_detector import ChangeDetector
from client.storage.files.handles import FileHandles
from client.storage.files.layout import PADDING, Layout
from client.storage.files.stamp import Stamp, take_stamp
from client.storage.files.unsynced_files import UnsyncedFiles
from client.storage.files.write_back import WriteBack
from client.storage.paths.os_errors import shown, translated
from client.storage.paths.safe_open import open_beneath, open_folder
from client.storage.pieces.buffers import cut, size_of
from client.storage.pieces.piece_scan import READ_SIZE, hash_piece
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import FileEntry

NOWHERE = FileStamp(0, 0)
"""Stands for a file that doesn't exist on disk, such as padding or an unwanted file."""

_ZEROS = memoryview(bytes(256 * 1024))
"""What padding is sent from."""


def take_stamps(root: Path, files: Sequence[FileEntry], *, is_folder: bool) -> FileStamps:
    """Return the stamps of the files at `root` as they are now; padding is NOWHERE."""
    paths = [root.joinpath(*file.path) if is_folder else root for file in files]
    return FileStamps(
        tuple(
            NOWHERE if file.is_padding else take_file_stamp(path)
            for file, path in zip(files, paths, strict=True)
        )
    )


def take_file_stamp(path: Path) -> FileStamp:
    """Return a file's size and time, or MISSING unless it is a regular file."""
    try:
        stamp = take_stamp(path)
    except OSError:
        return MISSING
    return stamp.file_stamp if stamp else MISSING


@cache
def _digest_of_zeros(size: int) -> bytes:
    return hashlib.sha1(bytes(size), usedforsecurity=False).digest()


def _check_is_zeros(data: memoryview) -> None:
    """Raise MinitorrentError(usage) for padding that could not be read back."""
    if bytes(data).count(0) != len(data):
        raise MinitorrentError(
            ErrorCode.USAGE,
            "This metainfo has data in padding files; ask its author for one without.",
        )


class Content:
    """Several files as one run of bytes, placed by `layout` and opened when needed.

    Thread-safe. Methods raise MinitorrentError; file_changed when a file has become shorter than
    it should be.
    """

    def __init__(self, layout: Layout, write_back: WriteBack | None = None) -> None:
        self.layout = layout
        self.handles = FileHandles(self._open)
        self._unsynced = UnsyncedFiles(self.handles, self.path, write_back)
        self._detector: ChangeDetector | None = None
        self._renaming = threading.Lock()

    def path(self, file: int) -> Path:
        """Return the file's path."""
        return self.layout.place(file).path

    def watch(self, doubt: Callable[[int], None], *, are_written: bool) -> ChangeDetector:
        """Start to watch the files: from now on, only unchanged files count as verified.

        Returns the ChangeDetector that this one replaces, or the new one if there was none.
        """
        files = self.layout.numbers
        if self.layout.part_file is not None:
            files.append(self.layout.part_number)
        detector = ChangeDetector(files, self.path, doubt, are_written=are_written)
        before, self._detector = self._detector, detector
        return before or detector

    @property
    def detector(self) -> ChangeDetector | None:
        """The ChangeDetector of the files, once there is one."""
        return self._detector

    @contextmanager
    def renaming(self) -> Iterator[None]:
        """Let files be renamed inside the block without reporting them as changed."""
        with self._renaming, self.handles.paused():
            yield

    def look(self, runs: Iterable[tuple[int, int]]) -> None:
        """Raise MinitorrentError(file_changed) when a watched file of these runs has changed.

        A run is an offset and a length. Bytes read before this call were right when read.
        """
        self._look(self._files_of(runs))

    def look_at_all(self) -> None:
        """Like `look`, for all files."""
        self._look(None)

    def _look(self, files: Collection[int] | None) -> None:
        detector = self._detector
        if detector is None:
            return
        try:
            detector.look(files)
        except MinitorrentError:
            with self._renaming:  # the file may have been in the middle of a rename
                later = self._detector
            if later is None or later is detector:
                raise
            later.look(files)

    def read_into(self, offset: int, buffers: Sequence[memoryview]) -> None:
        """Fill the buffers in order from the content at `offset`; call `look` afterwards."""
        for file, start, length in self.layout.spans(offset, size_of(buffers)):
            part, buffers = cut(buffers, length)
            if file == PADDING:
                for buffer in part:
                    buffer[:] = bytes(len(buffer))
            else:
                self._read_file(file, start, part)

    def writing(self, runs: Iterable[tuple[int, int]]) -> AbstractContextManager[None]:
        """Keep other writers out of these runs during the block, to `write` there."""
        self._unsynced.check()
        if self._detector is None:
            raise MinitorrentError(ErrorCode.INTERNAL, "No file is open for writing.")
        return self._detector.writing(sorted(self._files_of(runs)))

    def _files_of(self, runs: Iterable[tuple[int, int]]) -> set[int]:
        spans = (span for run in runs for span in self.layout.spans(*run))
        return {file for file, _, _ in spans if file != PADDING}

    def write(self, runs: Iterable[tuple[int, memoryview]]) -> None:
        """Write each run's bytes to the content at its offset, except to finished files."""
        written = Counter[int]()
        try:
            for offset, data in runs:
                done = 0
                for file, start, length in self.layout.spans(offset, len(data)):
                    part = data[done : done + length]
                    if file == PADDING:
                        _check_is_zeros(part)
                    elif self.layout.is_written(file):
                        written[file] += length
                        self._write_file(file, start, part)
                    done += length
        finally:  # also what a full disk has cut short is no change by another program
            self._record_written(written)

    def _record_written(self, sizes: Mapping[int, int]) -> None:
        for file, size in sizes.items():
            with self._leased(file) as descriptor:
                self._wrote(file, descriptor)
            self._unsynced.add(file, size)

    def trim(self, file: int) -> None:
        """Truncate a file that is too long."""
        length = self.layout.length(file)
        with self._leased(file) as descriptor:
            if os.fstat(descriptor).st_size > length:
                os.ftruncate(descriptor, length)
                self._wrote(file, descriptor)

    def give_attributes(self, file: int) -> None:
        """Set the mtime and executable bit that the file was shared with.

        Changes that others made to the file before are still detected.
        """
        entry, detector = self.layout.files[file], self._detector
        if detector is None or not (entry.executable or entry.mtime is not None):
            return
        with detector.writing([file]), self._leased(file) as descriptor:
            attributes.apply(descriptor, entry)
            detector.wrote(file, Stamp.of(os.fstat(descriptor)))

    def views(self, offset: int, length: int) -> list[memoryview]:
        """Return the bytes as slices of memory-mapped files, for the kernel (FileHandles)."""
        views: list[memoryview] = []
        for file, start, size in self.layout.spans(offset, length):
            if file == PADDING:
                views.extend(_ZEROS[: size - at] for at in range(0, size, len(_ZEROS)))
                continue
            try:
                view = self.handles.view(file, self.layout.length(file))
            except OSError as error:
                raise translated(error, self.path(file)) from error
            except ValueError as error:
                raise self._shortened(file) from error
            views.append(view[start : start + size])
        return views

    def digest(self, offset: int, length: int, scratch: memoryview | None = None) -> bytes:
        """Return the SHA-1 of these bytes as they are on disk; holes are not read.

        Raises MinitorrentError(file_changed) when a watched file has changed meanwhile.
        """
        if self.is_hole(offset, length):
            return _digest_of_zeros(length)
        scratch = scratch or memoryview(bytearray(min(length, READ_SIZE)))
        digest = hash_piece(length, lambda at, run: self.read_into(offset + at, [run]), scratch)
        self.look([(offset, length)])
        return digest

    def is_hole(self, offset: int, length: int) -> bool:
        """Return whether nothing was ever written there, so that it reads as zeros."""
        spans = self.layout.spans(offset, length)
        return all(span.file == PADDING or self._is_file_hole(*span) for span in spans)

    @property
    def has_lost(self) -> bool:
        """See UnsyncedFiles."""
        return self._unsynced.has_lost

    def sync(self) -> None:
        """Wait until everything written before the call is on disk."""
        self._unsynced.sync()

    def sync_all(self) -> None:
        """Sync all files and folders: some may have been written before a restart.

        Files get their attributes first. Raises OSError.
        """
        layout = self.layout
        with self._unsynced.alone():
            for number in layout.numbers:
                if layout.in_place and number in layout.finalized:
                    self.trim(number)
                if layout.is_written(number):
                    self.give_attributes(number)
                self._unsynced.sync_file(number, os.fsync)
            if layout.part_file is not None:
                self._unsynced.sync_file(layout.part_number, os.fsync)
            self._sync_folders()

    def _sync_folders(self) -> None:
        layout, folders = self.layout, set[tuple[str, ...]]()
        for number in layout.numbers:
            parts = layout.place(number).parts
            if number not in layout.finalized:
                folders.update(parts[:depth] for depth in range(len(parts)))
        for folder in folders:
            opened = open_folder(layout.root, folder)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)

    def close(self) -> None:
        """Close the files; views stay valid."""
        self._unsynced.forget()
        self.handles.close()

    def _is_file_hole(self, file: int, offset: int, length: int) -> bool:
        try:
            with self.handles.lease(file) as descriptor:
                if os.fstat(descriptor).st_size < offset + length:
                    return False
                return os.lseek(descriptor, offset, os.SEEK_DATA) >= offset + length
        except OSError as error:
            if error.errno == errno.ENXIO:  # no data from here to the end
                return True
            raise translated(error, self.path(file)) from error

    def _read_file(self, file: int, offset: int, buffers: Sequence[memoryview]) -> None:
        with self._leased(file) as descriptor:
            while buffers:
                count = os.preadv(descriptor, buffers, offset)
                if not count:
                    raise self._shortened(file)
                _, buffers = cut(buffers, count)
                offset += count

    def _write_file(self, file: int, offset: int, data: memoryview) -> None:
        with self._leased(file) as descriptor:
            while data:
                count = os.pwrite(descriptor, data, offset)
                data = data[count:]
                offset += count

    @contextmanager
    def _leased(self, file: int) -> Iterator[int]:
        """Yield a file's descriptor; raises MinitorrentError instead of OSError."""
        try:
            with self.handles.lease(file) as descriptor:
                yield descriptor
        except OSError as error:
            raise translated(error, self.path(file)) from error

    def _wrote(self, file: int, descriptor: int) -> None:
        """Give a file that we have written to a time of ours, and record its stamp."""
        if self._detector is None:
            return
        now = time.time_ns()
        # The kernel's own times have millisecond steps: another program's write could get the same.
        with suppress(PermissionError):  # it is another user's file
            os.utime(descriptor, ns=(now, now))
        self._detector.wrote(file, Stamp.of(os.fstat(descriptor)))

    def _open(self, file: int) -> int:
        return open_beneath(*self.layout.place(file))

    def _shortened(self, file: int) -> MinitorrentError:
        return MinitorrentError(
            ErrorCode.FILE_CHANGED,
            f"The file has become too short on disk; recheck it: {shown(self.path(file))}.",
        )
