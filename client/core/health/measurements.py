"""What `services.doctor` measures for the health checks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Reach(Enum):
    """The result of dialling our own port. ELSEWHERE: something else accepted the connection."""

    HERE = auto()
    ELSEWHERE = auto()
    REFUSED = auto()
    SILENT = auto()


@dataclass(frozen=True, slots=True)
class PortMeasurements:
    """`address` is what others would dial; `reach` is the result of dialling it.

    `by_tracker`: the tracker dialled it rather than this machine. `is_local`: only this machine
    can dial it; `trackers_are_local`: so are all trackers.
    """

    address: str
    port: int
    is_local: bool
    trackers_are_local: bool
    reach: Reach
    by_tracker: bool


class PortMapping(Enum):
    """Whether a router passes connections from outside on. BEHIND_ANOTHER: only to the next one."""

    OFF = auto()
    SEARCHING = auto()
    NONE = auto()
    MAPPED = auto()
    BEHIND_ANOTHER = auto()


@dataclass(frozen=True)
class MappedPort:
    """A port at a router, and what that router speaks."""

    state: PortMapping
    router: str = ""
    host: str = ""
    port: int = 0

    @property
    def is_mapped(self) -> bool:
        """Whether those outside reach us at this port."""
        return self.state is PortMapping.MAPPED


class TrackerProblem(Enum):
    """What can be wrong with a tracker. FOREIGN: the server there is no usable tracker."""

    UNREACHABLE = auto()
    FOREIGN = auto()
    UNTRUSTED = auto()
    SILENT = auto()


@dataclass(frozen=True, kw_only=True)
class TrackerMeasurements:
    """What a tracker answered. `trusted` and `shown` are fingerprints; `server` names its software.

    `seconds` is the answer time; `clock_difference` is how far this machine's clock is ahead of
    the tracker's (None: it reported no time); `certified_since` (seconds since the epoch) is when
    its certificate became valid.
    """

    address: str
    problem: TrackerProblem | None = None
    reason: str = ""
    trusted: str | None = None
    shown: str | None = None
    server: str = ""
    seconds: float = 0.0
    clock_difference: float | None = None
    certified_since: float | None = None


@dataclass(frozen=True, slots=True)
class CertificateMeasurements:
    """Our certificate in a sealed group; `left` is in seconds, None while we have none.

    `failed`: the last request for one failed.
    """

    group: str
    left: float | None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class DiskMeasurements:
    """A folder; downloads into it still need `needed` bytes. `error`: why it isn't writable.

    Folders on one `device` share its `free` bytes.
    """

    folder: str
    device: int
    free: int
    needed: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Library:
    """A required library: the minimum version, and the installed one (None: not installed)."""

    name: str
    needed: str
    found: str | None
