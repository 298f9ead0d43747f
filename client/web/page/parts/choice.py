"""What a window of the page shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Choice:
    """The group and tab shown in this window. `groups` are the user's own groups."""

    show: Callable[[str], None]
    group: str | None = None
    groups: list[str] = field(default_factory=list)
