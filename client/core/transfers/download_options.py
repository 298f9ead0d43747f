"""A user's options for a download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PRIORITIES: Final = range(-100, 101)
"""Higher priorities run first; a download starts with 0."""


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """How urgent a download is, in what order it fetches pieces, and which files it selects.

    `only` are patterns (see `piece_selection.match`), empty for all files. Files that match one of
    `finalized` were completed under earlier options and are at their final paths. With `in_place`,
    the download repairs the files at the destination where they are. Files that match one of
    `first` are downloaded before the others, those that match one of `last` after them.
    """

    priority: int = 0
    sequential: bool = False
    only: tuple[str, ...] = ()
    finalized: tuple[str, ...] = ()
    in_place: bool = False
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


DEFAULT_OPTIONS: Final = DownloadOptions()
"""All files, rarest piece first, normal priority."""
