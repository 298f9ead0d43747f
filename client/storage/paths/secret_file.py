"""Small files with a secret of the client, such as a token, which only their user can read."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from client.storage.paths.reading import read_plain
from client.storage.paths.writing import NewFile, check_place, write_private
from common.errors import MinitorrentError


@dataclass(frozen=True)
class SecretFile:
    """A file with a secret, of at most `limit` bytes; `is_valid` tells our content from others'."""

    path: Path
    is_valid: Callable[[bytes], bool]
    limit: int

    def read(self) -> bytes | None:
        """Return the content; None if the file is missing, damaged, or not private to the user.

        What other users could read or write is no longer a secret.
        """
        try:
            status = self.path.lstat()
            data = read_plain(self.path, self.limit)
        except (OSError, MinitorrentError):
            return None
        is_private = status.st_uid == os.geteuid() and not status.st_mode & 0o077
        return data if is_private and self.is_valid(data) else None

    def exists(self) -> bool:
        """Return whether there is anything under its name."""
        return os.path.lexists(self.path)

    def check_place(self) -> None:
        """Raise what `write` would raise, as far as that is known before writing."""
        check_place(self.path, self.is_valid)

    def write(self, data: bytes) -> None:
        """Write the file, in place of an earlier one of ours.

        Raises MinitorrentError: file_exists if another file is in the way, otherwise what the
        system reports.
        """
        write_private(NewFile(self.path, data, self.is_valid))

    def delete(self) -> None:
        """Delete the file, if there is one of ours."""
        with suppress(OSError, MinitorrentError):
            if self.is_valid(read_plain(self.path, self.limit)):
                self.path.unlink()
