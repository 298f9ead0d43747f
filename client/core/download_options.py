"""What a user wishes of a download, beyond that it be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PRIORITIES: Final = range(-100, 101)
"""The higher comes first in the queue; 0 is what a download begins with."""


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """How urgent a download is, in what order its pieces come, and which of its files.

    `only` are patterns (see goal.match), empty for all files. Files that fit one of `placed` were
    complete under an earlier plan, and lie at their final place. With `in_place`, what lies at the
    destination is not right and is written there.
    """

    priority: int = 0
    in_order: bool = False
    only: tuple[str, ...] = ()
    placed: tuple[str, ...] = ()
    in_place: bool = False


PLAIN: Final = DownloadOptions()
"""Everything, the rarest first, when its turn comes."""
