"""What the engine measures for a check-up, before anybody judges it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Reach(Enum):
    """What became of a dial to our own port. ELSEWHERE: it was accepted, but not by us."""

    HERE = auto()
    ELSEWHERE = auto()
    REFUSED = auto()
    SILENT = auto()


@dataclass(frozen=True, slots=True)
class PortFigures:
    """`address` is what others would dial; `reach` is what became of that.

    `by_tracker`: the tracker tried it, and not this machine itself. `is_local`: only this machine
    can dial it; `trackers_are_local`: so are all trackers.
    """

    address: str
    port: int
    is_local: bool
    trackers_are_local: bool
    reach: Reach
    by_tracker: bool


class Trouble(Enum):
    """What is wrong with a tracker."""

    UNREACHABLE = auto()
    FOREIGN = auto()
    UNTRUSTED = auto()
    SILENT = auto()


@dataclass(frozen=True, kw_only=True)
class TrackerFigures:
    """What a tracker said. `trusted` and `shown` are fingerprints; `server` names its program.

    `seconds` is what an answer took; `clock_difference` how far this machine's clock is ahead
    of its own (None: it told no time), `certified_since` (seconds since the epoch) when its
    certificate became valid.
    """

    address: str
    trouble: Trouble | None = None
    reason: str = ""
    trusted: str | None = None
    shown: str | None = None
    server: str = ""
    seconds: float = 0.0
    clock_difference: float | None = None
    certified_since: float | None = None


@dataclass(frozen=True, slots=True)
class CertificateFigures:
    """Our certificate in a sealed group; `left` is in seconds, None while there is none.

    `failed`: the last attempt to get one failed.
    """

    group: str
    left: float | None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class DiskFigures:
    """A folder; `needed` bytes are still to come into it. `error`: why nothing can be written.

    Folders of one `device` share its `free` bytes.
    """

    folder: str
    device: int
    free: int
    needed: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Library:
    """A library that is needed: which version at least, and which there is (None: none)."""

    name: str
    needed: str
    found: str | None


def duration(seconds: float) -> str:
    """As people say it, in one unit, of which there are about two at least."""
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 1.9 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
