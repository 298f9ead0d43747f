"""What this process runs on: its libraries and its share of the system."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Final

from client.core.figures import Library

_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)\Z")
_OPEN_FILES: Final = Path("/dev/fd")


def libraries() -> list[Library]:
    """What the program needs, as its own metadata say; empty when it was never installed."""
    try:
        requirements = metadata.requires("minitorrent") or []
    except metadata.PackageNotFoundError:
        return []
    matches = map(_REQUIREMENT.match, requirements)  # those of extras end in a condition
    return [Library(match[1], match[2], _version(match[1])) for match in matches if match]


def descriptors() -> tuple[int, int] | None:
    """How many files this process may have open, and has; None where there is no such limit."""
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limit, sum(1 for _ in _OPEN_FILES.iterdir())


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None
