"""What a user wants to share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Offer:
    """What lies at `path`, under another `name` than its own if given.

    With `leave_out`, what can't be shared of a folder is left out instead of refused.
    """

    path: Path
    name: str | None = None
    leave_out: bool = False
