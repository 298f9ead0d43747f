"""Notices that files are no longer what they were when their pieces were verified."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from client.core.resume import FileFact
from client.storage.failures import shown, translated
from common.errors import ErrorCode, MinitorrentError


class Vigil:
    """`facts` are those of the verified files by their numbers; `path` tells where a file lies.

    A look costs one `stat`: size, time of modification, and whether the name still leads to the
    same file. The kernel sets the time before it takes the first changed byte.
    """

    def __init__(self, facts: Mapping[int, FileFact], path: Callable[[int], Path]) -> None:
        self._facts = facts
        self._path = path
        self._paths: dict[int, Path] = {}  # of files looked at before: joining them costs more
        self._identities: dict[int, tuple[int, int]] = {}  # of those looked at before

    def look(self, files: Iterable[int]) -> None:
        """Raises MinitorrentError(file_changed) when one of these files is another by now.

        Files that were not verified are passed over.
        """
        for file in files:
            if file in self._facts:
                self._look_at(file)

    def look_at_all(self) -> None:
        """Likewise, for every file."""
        self.look(self._facts)

    def _look_at(self, file: int) -> None:
        path = self._paths.get(file)
        if path is None:
            path = self._paths[file] = self._path(file)
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MinitorrentError(
                ErrorCode.FILE_CHANGED,
                f"{shown(path)} was moved or deleted; say where it is with relocate, or put it "
                "back and resume.",
            ) from error
        except OSError as error:
            raise translated(error, path) from error
        identity = (found.st_dev, found.st_ino)
        same = self._identities.setdefault(file, identity) == identity
        fact = FileFact(found.st_size, found.st_mtime_ns)
        if not (same and stat.S_ISREG(found.st_mode) and fact == self._facts[file]):
            raise MinitorrentError(
                ErrorCode.FILE_CHANGED,
                f"{shown(path)} has changed since it was shared; put it back and recheck, or "
                "stop_share it and upload it anew.",
            )
