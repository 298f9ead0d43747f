"""Detects files that have changed since their pieces were verified."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from client.core.transfers.resume import MISSING, FileStamp
from client.storage.files.stamp import Stamp, take_stamp
from client.storage.paths.os_errors import shown, translated
from common.errors import ErrorCode, MinitorrentError


class ChangeDetector:
    """Watches files, by number, from its creation on; `path` returns their paths.

    A check costs one `stat`. The kernel updates a file's times before the first changed byte.
    Certain changes raise an error: another file or none under the name, another size, and another
    modification time unless the files `are_written` here. Possible changes (permissions, a new
    name, a time set back; a network file system that corrects its times) are passed to `doubt`:
    the file's pieces have to be hashed again.

    Files that are written here change all the time; the writer reports it (`writing`, `wrote`).
    """

    def __init__(
        self,
        files: Iterable[int],
        path: Callable[[int], Path],
        doubt: Callable[[int], None],
        *,
        are_written: bool,
    ) -> None:
        self._doubt = doubt
        self._are_written = are_written
        self._turn = threading.Lock()  # held while writing; the disk may block it
        self._lock = threading.Lock()  # guards everything below; never held while writing
        self._in_writing = set[int]()
        self._doubtful = set[int]()
        # Joining paths, and turning them into text, costs more than a check.
        self._paths = {file: path(file) for file in files}
        self._names = {file: os.fspath(path) for file, path in self._paths.items()}
        self._stamps = {file: self._find(file) for file in self._paths}

    def file_stamp(self, file: int) -> FileStamp:
        """Return a file's size and time when last verified or written; MISSING if in doubt."""
        stamp = self._stamps.get(file)
        return MISSING if stamp is None or file in self._doubtful else stamp.file_stamp

    def is_unchanged(self, file: int, later: ChangeDetector) -> bool:
        """Return whether a later detector, of the renamed file, started with the same content."""
        before, now = self._stamps.get(file), later._stamps.get(file)
        return before is not None and now is not None and before.is_of_same_content(now)

    def clear_doubts(self) -> None:
        """Clear the doubts: every doubtful piece has been hashed since."""
        with self._lock:
            self._doubtful.clear()

    # --- checking ---------------------------------------------------------------------------
    def look(self, files: Iterable[int] | None = None) -> None:
        """Raise MinitorrentError(file_changed) when one of these files has changed.

        Without `files`, all are checked; files that are not watched are skipped.
        """
        with self._lock:
            for file in self._stamps if files is None else files:
                if file in self._stamps:
                    self._look_at(file)

    @contextmanager
    def writing(self, files: Sequence[int]) -> Iterator[None]:
        """Check these files, then keep other writers out during the block.

        Checks during the block only report changes that the writer can't have caused.
        """
        with self._turn:
            with self._lock:
                for file in files:
                    self._look_at(file)
                self._in_writing.update(files)
            try:
                yield
            finally:
                with self._lock:
                    self._in_writing.clear()

    def wrote(self, file: int, stamp: Stamp) -> None:
        """Record, inside `writing`, the stamp of a file that we have just written to."""
        with self._lock:
            known = self._stamps[file]
            if known is None or not stamp.is_of_same_file(known):
                raise self._lost(file, is_there=True)
            self._stamps[file] = stamp

    def _look_at(self, file: int) -> None:
        """Raise MinitorrentError when a file has changed; pass a possible change to `doubt`."""
        known, found = self._stamps[file], self._find(file)
        if found == known and found is not None:
            return
        if known is None or found is None or not found.is_of_same_file(known):
            raise self._lost(file, is_there=found is not None)
        is_time_right = self._are_written or found.mtime_ns == known.mtime_ns
        if found.size != known.size or not is_time_right:
            raise self._changed(file)
        if file not in self._in_writing:
            self._doubtful.add(file)
            self._doubt(file)
            self._stamps[file] = found

    def _find(self, file: int) -> Stamp | None:
        try:
            return take_stamp(self._names[file], follow=not self._are_written)
        except OSError as error:
            raise translated(error, self._paths[file]) from error

    # --- errors -----------------------------------------------------------------------------
    def _lost(self, file: int, *, is_there: bool) -> MinitorrentError:
        path = shown(self._paths[file])
        if self._are_written:
            how = "replaced" if is_there else "moved or deleted"
            return _error(f"{path} was {how} while it was being downloaded.")
        if is_there:
            return self._changed(file)
        return _gone(self._paths[file])

    def _changed(self, file: int) -> MinitorrentError:
        path = shown(self._paths[file])
        if self._are_written:
            return _error(f"{path} was changed by another program while it was being downloaded.")
        return _changed(self._paths[file])


def changed_error(path: Path) -> MinitorrentError:
    """Return the error for shared content that is gone or has changed since it was verified."""
    return _changed(path) if os.path.lexists(path) else _gone(path)


def _gone(path: Path) -> MinitorrentError:
    return _error(
        f"{shown(path)} was moved or deleted. Say where it is now with relocate, or put it back "
        "and resume; if you downloaded it, recheck downloads it again."
    )


def _changed(path: Path) -> MinitorrentError:
    return _error(
        f"{shown(path)} has changed since it was verified. Recheck it (wrong pieces of a download "
        "are downloaded again), or stop_share it and upload it again."
    )


def _error(sentence: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.FILE_CHANGED, sentence)
