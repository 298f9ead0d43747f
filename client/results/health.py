"""Results about trackers and what doctor checks."""

from __future__ import annotations

from typing import Literal

from client.results.base import Result

TrackerState = Literal["connected", "connecting", "unreachable", "offline"]


class TrackerRow(Result):
    """One tracker of tracker_info.txt; `fingerprint` is that of its pinned certificate, if any."""

    address: str
    state: TrackerState
    current: bool
    fingerprint: str | None


class TrackersResult(Result):
    trackers: list[TrackerRow]


class CheckRow(Result):
    """One check by doctor; `hint` is the next step, or what was measured if it passed."""

    name: str
    ok: bool
    hint: str


class ChecksResult(Result):
    checks: list[CheckRow]
