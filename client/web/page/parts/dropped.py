"""Storage for files that are dropped on the page to be shared."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from common.errors import ErrorCode, MinitorrentError
from common.paths import check_component


def place(folder: Path, name: str) -> Path:
    """Return a path for a file of this name, in a new folder of its own inside `folder`.

    Raises MinitorrentError(invalid_name) if the name isn't valid, and OSError if the folder can't
    be created.
    """
    path = folder / secrets.token_hex(8) / check_component(name)
    path.parent.mkdir(mode=0o700, parents=True)
    return path


def discard(path: Path) -> None:
    """Delete a file written to its `place`, because it isn't shared after all."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()


def reason(error: MinitorrentError | OSError) -> MinitorrentError:
    """Return the reason why a dropped file wasn't accepted, as a MinitorrentError."""
    if isinstance(error, MinitorrentError):
        return error
    return MinitorrentError(ErrorCode.PERMISSION_DENIED, f"Can't write the file: {error.strerror}.")
