"""Notices that files are no longer what they were when their pieces were verified."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from client.core.resume import MISSING, FileFact
from client.storage.os_errors import shown, translated
from client.storage.stamp import Stamp, take_stamp
from common.errors import ErrorCode, MinitorrentError


class ChangeDetector:
    """Watches files, given by their numbers, from the moment it is made; `path` has their paths.

    A look costs one `stat`. The kernel sets a file's times before it takes the first changed byte.
    What is certain is raised: another file, or none, under the name, another size, and another
    time of modification unless the files `are_written` here. What may be nothing (permissions, a
    new name, a time set back; a network's disk that corrects its times) is handed to `doubt`: the
    file's pieces have to be hashed again.

    Files that are written here change all the time; whoever writes says so (`writing`, `wrote`).
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
        self._turn = threading.Lock()  # of who writes; the disk may hold it up
        self._lock = threading.Lock()  # over all below; nobody writes content under it
        self._in_writing = set[int]()
        self._doubtful = set[int]()
        self._paths = {file: path(file) for file in files}  # joining them costs more than a look
        self._stamps = {file: self._find(file) for file in self._paths}

    def fact(self, file: int) -> FileFact:
        """What the file looked like when it was verified or written last; MISSING if in doubt."""
        stamp = self._stamps.get(file)
        return MISSING if stamp is None or file in self._doubtful else stamp.fact

    def is_unchanged(self, file: int, later: ChangeDetector) -> bool:
        """Whether another vigil, where the file has another name, began with the same content."""
        mine, its = self._stamps.get(file), later._stamps.get(file)
        return mine is not None and its is not None and mine.is_of_same_content(its)

    def settle(self) -> None:
        """Every piece that was in doubt has been hashed since."""
        with self._lock:
            self._doubtful.clear()

    # --- looking ----------------------------------------------------------------------------
    def look(self, files: Iterable[int] | None = None) -> None:
        """Raises MinitorrentError(file_changed) when one of these files is another by now.

        Without `files`, all are looked at; those that are not watched are passed over.
        """
        with self._lock:
            for file in self._stamps if files is None else files:
                if file in self._stamps:
                    self._look_at(file)

    @contextmanager
    def writing(self, files: Sequence[int]) -> Iterator[None]:
        """Look at these files, then let nobody else write inside the block.

        Who looks at them meanwhile minds only what can't be the writer's doing.
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
        """Inside `writing`: the file that was written to looks like this now, by our own doing."""
        with self._lock:
            known = self._stamps[file]
            if known is None or not stamp.is_of_same_file(known):
                raise self._lost(file, is_there=True)
            self._stamps[file] = stamp

    def _look_at(self, file: int) -> None:
        known, found = self._stamps[file], self._find(file)
        if found == known and found is not None:
            return
        if known is None or found is None or not found.is_of_same_file(known):
            raise self._lost(file, is_there=found is not None)
        timely = self._are_written or found.mtime_ns == known.mtime_ns
        if found.size != known.size or not timely:
            raise self._changed(file)
        if file not in self._in_writing:
            self._doubtful.add(file)
            self._doubt(file)
            self._stamps[file] = found

    def _find(self, file: int) -> Stamp | None:
        path = self._paths[file]
        try:
            return take_stamp(path, follow=not self._are_written)
        except OSError as error:
            raise translated(error, path) from error

    # --- what is told -----------------------------------------------------------------------
    def _lost(self, file: int, *, is_there: bool) -> MinitorrentError:
        path = shown(self._paths[file])
        if self._are_written:
            how = "replaced" if is_there else "moved or deleted"
            return _error(f"{path} was {how} while it was being downloaded.")
        if is_there:
            return self._changed(file)
        return _error(
            f"{path} was moved or deleted; say where it is with relocate, put it back and resume, "
            "or, if you downloaded it, recheck to fetch it again."
        )

    def _changed(self, file: int) -> MinitorrentError:
        path = shown(self._paths[file])
        if self._are_written:
            return _error(f"{path} was changed by another program while it was being downloaded.")
        return _error(
            f"{path} has changed since it was verified; recheck it (wrong pieces of a download are "
            "fetched again), or stop_share it and upload it again."
        )


def _error(sentence: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.FILE_CHANGED, sentence)
