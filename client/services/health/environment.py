"""The environment of this process: libraries and file descriptors."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Final

from client.core.health.measurements import Library

_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)>=([0-9.]+)\Z")
MOST_DESCRIPTORS: Final = 65_536
"""A client has no use for more."""

_OPEN_FILES: Final = Path("/dev/fd")


def libraries() -> list[Library]:
    """Return the required libraries, from the package metadata; none if it isn't installed."""
    try:
        requirements = metadata.requires("minitorrent") or []
    except metadata.PackageNotFoundError:
        return []
    matches = map(_REQUIREMENT.match, requirements)  # requirements of extras end in a marker
    return [Library(match[1], match[2], _version(match[1])) for match in matches if match]


def raise_descriptors() -> int | None:
    """Raise the limit of open files as far as allowed; returns it, or None if there is no limit.

    The default limit of many systems is a quarter of that or less.
    """
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # some systems have a lower limit than they report
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else min(soft, MOST_DESCRIPTORS)


def descriptors() -> tuple[int, int] | None:
    """Return the limit of open files and how many are open; None where there is no limit."""
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
