"""What a user wants to share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Offer:
    """The content at `path`, under `name` if given.

    With `leave_out`, files that can't be shared are left out of a folder instead of refused.
    """

    path: Path
    name: str | None = None
    leave_out: bool = False
