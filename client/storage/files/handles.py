"""Open files and their memory maps; the least recently used are closed first.

There is one budget for the process, whatever the number of torrents: thousands of shared files
must not use up its descriptors. A file in use is never closed: users of a descriptor hold a lease
on it.
"""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from client.descriptors import free_descriptors_with, wait_for_descriptor
from common.errors import ErrorCode, MinitorrentError

OPEN_FILES: Final = 256
"""Default number of content descriptors kept open; `OPEN.limit` is set to the process's limit."""


class Handle:
    """A descriptor, its number of users, and the file's memory map once requested."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.users = 1
        self.view: memoryview | None = None
        self.is_open = True
        self.is_retired = False  # its last user closes it


class OpenFiles:
    """All open files, over all torrents. Thread-safe.

    `limit` counts descriptors; a memory map holds one of its own, as long as a view of it exists.
    The limit is exceeded only while more files are in use.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.RLock()  # a map may be finalized, and counted, while it is held
        self._idle: OrderedDict[Handle, None] = OrderedDict()
        self._count = 0

    @property
    def count(self) -> int:
        """The number of open descriptors."""
        return self._count

    def evict_one(self) -> None:
        """Close the least recently used files, before another one is opened."""
        with self._lock:
            while self._count >= self.limit and self._idle:
                self._close(self._idle.popitem(last=False)[0])

    def close_idle(self) -> None:
        """Close every file that is not in use."""
        with self._lock:
            while self._idle:
                self._close(self._idle.popitem(last=False)[0])

    def add(self, descriptor: int) -> Handle:
        """Count an opened file, which is in use."""
        with self._lock:
            self._count += 1
            return Handle(descriptor)

    def use(self, handle: Handle) -> bool:
        """Start to use a file; returns False when it was closed meanwhile."""
        with self._lock:
            if not handle.is_open:
                return False
            self._idle.pop(handle, None)
            handle.users += 1
            return True

    def release(self, handle: Handle) -> None:
        """Stop using a file."""
        with self._lock:
            handle.users -= 1
            if handle.users:
                return
            if handle.is_retired:
                self._close(handle)
            else:
                self._idle[handle] = None

    def retire(self, handle: Handle) -> None:
        """Close a file that won't be used again, at once or when its last user is done."""
        with self._lock:
            handle.is_retired = True
            if handle.is_open and not handle.users:
                del self._idle[handle]
                self._close(handle)

    def view(self, handle: Handle, length: int) -> memoryview:
        """Return the map of a file in use; raises OSError, ValueError when the file is shorter."""
        with self._lock:
            if handle.view is None:
                self.evict_one()
                mapped = mmap.mmap(handle.descriptor, length, access=mmap.ACCESS_READ)
                self._count += 1
                weakref.finalize(mapped, self._unmapped).atexit = False
                handle.view = memoryview(mapped)
            return handle.view

    def _unmapped(self) -> None:
        with self._lock:
            self._count -= 1

    def _close(self, handle: Handle) -> None:
        handle.is_open = False
        handle.view = None
        self._count -= 1
        os.close(handle.descriptor)


OPEN: Final = OpenFiles(OPEN_FILES)
"""The instance of this process, since descriptors belong to the process."""

free_descriptors_with(OPEN.close_idle)


class FileHandles:
    """Opens one torrent's files by number, with `open_file`, within the budget of `files`.

    Thread-safe. After `close` every call raises MinitorrentError(internal).
    """

    def __init__(self, open_file: Callable[[int], int], files: OpenFiles = OPEN) -> None:
        self._open_file = open_file
        self._files = files
        self._lock = threading.Lock()
        self._handles: dict[int, Handle] = {}
        self._closed = False

    @contextmanager
    def lease(self, file: int) -> Iterator[int]:
        """Yield the file's descriptor, open at least until the end of the block; raises OSError."""
        handle = self._take(file)
        try:
            yield handle.descriptor
        finally:
            self._files.release(handle)

    def view(self, file: int, length: int) -> memoryview:
        """Return the file's first `length` bytes (at least 1), memory-mapped for reading.

        The view and its slices stay valid as long as they are referenced. Only the kernel may
        read them: if the file shrinks in between, it returns EFAULT, but Python would die of
        a bus error. Raises OSError, and ValueError when the file is shorter than `length`.
        """
        handle = self._take(file)
        try:
            return wait_for_descriptor(lambda: self._files.view(handle, length))
        finally:
            self._files.release(handle)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Block the opening of files during the block; open ones stay usable."""
        with self._lock:
            yield

    def close(self) -> None:
        """Close all files; those in use when their lease ends. Views stay valid."""
        with self._lock:
            self._closed = True
            for handle in self._handles.values():
                self._files.retire(handle)
            self._handles.clear()

    def _take(self, file: int) -> Handle:
        """Open the file unless it is, and return its handle, to be released."""
        with self._lock:
            return self._get(file)

    def _get(self, file: int) -> Handle:
        if self._closed:
            raise MinitorrentError(ErrorCode.INTERNAL, "The transfer's files are closed.")
        handle = self._handles.get(file)
        if handle is not None and self._files.use(handle):
            return handle
        self._handles.pop(file, None)
        self._files.evict_one()
        opened = self._handles[file] = self._files.add(self._open_file(file))
        return opened
