"""Whether a tracker is healthy, from what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_FREE = 16 * 1024 * 1024
"""Bytes that must be free on the disk: less may be gone with the next few writes."""

_STALE_SECONDS = 15.0
"""Nothing is known from an older measurement or read: whatever it asks doesn't answer."""


@dataclass(frozen=True)
class Measurements:
    """What was measured of a running tracker; ages are in seconds.

    `beat_age` is that of the last heartbeat that was written to the database, and
    `is_beat_failing` whether a later one could not be; `fresh` is the age at which others take the
    tracker for dead. `read_age` is that of the last look for events. `disk_free` is in bytes, None
    if it is unknown, and `disk_age` its age.
    """

    beat_age: float
    is_beat_failing: bool
    fresh: float
    read_age: float
    disk_free: int | None
    disk_age: float
    is_draining: bool = False


@dataclass(frozen=True)
class Health:
    """The state of a tracker, as `/health` tells it."""

    status: str
    database: str
    heartbeat: str
    disk: str
    draining: bool

    @property
    def is_ok(self) -> bool:
        """Return whether clients should be sent to this tracker."""
        return self.status == "ok"


def assess(found: Measurements) -> Health:
    """Return the health of a tracker; a tracker that is draining is not ok either."""
    database = _database(found)
    heartbeat = "late" if found.beat_age > found.fresh else "ok"
    disk = _disk(found)
    is_failing = (database, heartbeat, disk) != ("ok", "ok", "ok")
    status = "failing" if is_failing else "draining" if found.is_draining else "ok"
    return Health(status, database, heartbeat, disk, found.is_draining)


def _database(found: Measurements) -> str:
    if found.read_age > _STALE_SECONDS:
        return "unreachable"
    if found.is_beat_failing or found.beat_age > found.fresh:
        return "not written to"
    return "ok"


def _disk(found: Measurements) -> str:
    if found.disk_free is None or found.disk_age > _STALE_SECONDS:
        return "unknown"
    return "ok" if found.disk_free >= LEAST_FREE else "full"
