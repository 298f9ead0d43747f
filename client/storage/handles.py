"""Open files and their memory maps, the least recently used closed first.

A folder of thousands of files must not use up the process's descriptors. A file in use is never
closed: whoever uses a descriptor holds a lease on it.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from common.errors import ErrorCode, MinitorrentError

OPEN_FILES = 64
"""Files one torrent keeps open; a map holds a second descriptor of its file."""


class _Handle:
    """A descriptor, who uses it now, and the file's map once somebody asked for it."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.users = 0
        self.view: memoryview | None = None


class FileHandles:
    """Opens files by number with `open_file` and keeps up to `limit` of them open.

    Safe to use from several threads. After `close` every call raises MinitorrentError(internal).
    """

    def __init__(self, open_file: Callable[[int], int], limit: int = OPEN_FILES) -> None:
        self._open_file = open_file
        self._limit = limit
        self._lock = threading.Lock()
        self._handles: OrderedDict[int, _Handle] = OrderedDict()
        self._closed = False

    @contextmanager
    def lease(self, file: int) -> Iterator[int]:
        """The file's descriptor, open at least until the end of the block; raises OSError."""
        with self._lock:
            handle = self._get(file)
            handle.users += 1
        try:
            yield handle.descriptor
        finally:
            with self._lock:
                handle.users -= 1
                if self._closed and not handle.users:
                    os.close(handle.descriptor)

    def view(self, file: int, length: int) -> memoryview:
        """The file's first `length` bytes (at least 1), mapped for reading.

        The view and its slices stay valid as long as somebody holds them. Only the kernel may
        read them: when the file is cut short meanwhile, it answers EFAULT, but Python would die
        of a bus error. Raises OSError, and ValueError when the file is shorter than `length`.
        """
        with self._lock:
            handle = self._get(file)
            if handle.view is None:
                mapped = mmap.mmap(handle.descriptor, length, access=mmap.ACCESS_READ)
                handle.view = memoryview(mapped)
            return handle.view

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let nobody open a file inside the block; what is open stays usable."""
        with self._lock:
            yield

    def close(self) -> None:
        """Close all files; those in use when their lease ends. Views stay valid."""
        with self._lock:
            if not self._closed:
                self._closed = True
                for handle in self._handles.values():
                    if not handle.users:
                        os.close(handle.descriptor)
                self._handles.clear()

    def _get(self, file: int) -> _Handle:
        if self._closed:
            raise MinitorrentError(ErrorCode.INTERNAL, "The transfer's files are closed.")
        handle = self._handles.get(file)
        if handle is None:
            self._make_room()
            handle = self._handles[file] = _Handle(self._open_file(file))
        self._handles.move_to_end(file)
        return handle

    def _make_room(self) -> None:
        if len(self._handles) >= self._limit:
            idle = (file for file, handle in self._handles.items() if not handle.users)
            oldest = next(idle, None)
            if oldest is not None:
                os.close(self._handles.pop(oldest).descriptor)
