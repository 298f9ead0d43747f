"""What this process runs on: its libraries and its share of the system."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Final

from client.core.measurements import Library

_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)\Z")
MOST_DESCRIPTORS: Final = 65_536
"""More are of no use to a client."""

_OPEN_FILES: Final = Path("/dev/fd")


def libraries() -> list[Library]:
    """What the program needs, as its own metadata say; empty when it was never installed."""
    try:
        requirements = metadata.requires("minitorrent") or []
    except metadata.PackageNotFoundError:
        return []
    matches = map(_REQUIREMENT.match, requirements)  # those of extras end in a condition
    return [Library(match[1], match[2], _version(match[1])) for match in matches if match]


def raise_descriptors() -> int | None:
    """Have this process open as many files as it may at all; how many, None: no such limit.

    What systems set at first is often a quarter or less of that.
    """
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # some systems have a lower limit than they tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else min(soft, MOST_DESCRIPTORS)


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
