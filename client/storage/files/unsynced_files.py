"""Which files of some content have been written to since they were last brought to the disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from client.storage.files.handles import FileHandles
from client.storage.files.write_back import WriteBack
from client.storage.paths.os_errors import translated
from common.errors import MinitorrentError


class UnsyncedFiles:
    """Written files by number, opened by `handles`; `write_back` syncs them in time.

    Thread-safe.
    """

    def __init__(
        self, handles: FileHandles, path: Callable[[int], Path], write_back: WriteBack | None
    ) -> None:
        self._handles = handles
        self._path = path
        self._write_back = write_back
        self._files: set[int] = set()
        self._lock = threading.Lock()  # guards the files; never held during a sync
        self._alone = threading.Lock()
        self._lost: MinitorrentError | None = None

    @property
    def has_lost(self) -> bool:
        """Whether something written didn't reach the disk; then nothing more may be written."""
        return self._lost is not None

    def check(self) -> None:
        """Raise the error with which something written was lost, if that has happened."""
        lost = self._lost
        if lost is not None:  # a new error: the frames of the original would keep files open
            raise MinitorrentError(lost.code, lost.message)

    def add(self, file: int, size: int) -> None:
        """Take note that `size` bytes were written to a file."""
        with self._lock:
            self._files.add(file)
        if self._write_back is not None:
            self._write_back.wrote(self, size)

    def forget(self) -> None:
        """Don't have the files synced in the background any more: they are being closed."""
        if self._write_back is not None:
            self._write_back.forget(self)

    def sync(self) -> None:
        """Wait until everything written before the call is on disk; raises MinitorrentError."""
        with self.alone():
            with self._lock:
                files, self._files = self._files, set()
            for file in sorted(files):
                try:
                    self.sync_file(file, os.fdatasync)
                except OSError as error:
                    with self._lock:
                        self._files |= files
                    raise translated(error, self._path(file)) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else sync during the block: what another is at is on disk when that ends.

        Raises the error of `check`.
        """
        with self._alone:
            self.check()
            self.forget()
            yield

    def sync_file(self, file: int, sync: Callable[[int], None]) -> None:
        """Call `sync` with a file's descriptor, inside `alone`; raises OSError.

        The system reports lost data once: the next sync succeeds, and as long as the data is in
        memory, it looks right. So the error is kept, and the memory is dropped.
        """
        with self._handles.lease(file) as descriptor:
            try:
                sync(descriptor)
            except OSError as error:
                self._lost = translated(error, self._path(file))
                with suppress(OSError, AttributeError):  # some systems don't have it
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                raise
