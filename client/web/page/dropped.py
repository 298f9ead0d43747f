"""Files that were dropped on the page: where their content is put before it is shared."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from common.errors import ErrorCode, MinitorrentError
from common.paths import check_component


def place(folder: Path, name: str) -> Path:
    """Where a file of this name may be written: in a new folder of its own, inside `folder`.

    Raises MinitorrentError(invalid_name) for what can't name a file, OSError if the folder can't
    be made.
    """
    path = folder / secrets.token_hex(8) / check_component(name)
    path.parent.mkdir(mode=0o700, parents=True)
    return path


def discard(path: Path) -> None:
    """Delete a file that was put at its `place` and is not shared after all."""
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()


def reason(error: MinitorrentError | OSError) -> MinitorrentError:
    """Why a dropped file was not taken, in a sentence."""
    if isinstance(error, MinitorrentError):
        return error
    return MinitorrentError(
        ErrorCode.PERMISSION_DENIED, f"The file could not be kept: {error.strerror}."
    )
