"""Storage for files that are dropped on the page to be shared."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from client.storage.paths.os_errors import translating
from common.paths import check_component


def place(folder: Path, name: str) -> Path:
    """Return a path for a file of this name, in a new folder of its own inside `folder`.

    Raises MinitorrentError: invalid_name if the name isn't valid, or as the system refuses to
    create the folder.
    """
    path = folder / secrets.token_hex(8) / check_component(name)
    with translating(path.parent):
        path.parent.mkdir(mode=0o700, parents=True)
    return path


def discard(path: Path) -> None:
    """Delete a file written to its `place`, because it isn't shared after all."""
    path.unlink(missing_ok=True)
    with suppress(OSError):  # something else is in it
        path.parent.rmdir()
