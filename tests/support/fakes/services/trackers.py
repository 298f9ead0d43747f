"""Trackers as the shell sees them: one connected, one offline."""

from __future__ import annotations

from client.results.health import TrackersResult
from tests.support.fakes.services.rows import TRACKERS
from tests.support.fakes.services.state import FakeState


class FakeTrackers:
    """`client.services.trackers.TrackerService` on a list of rows."""

    def __init__(self, state: FakeState) -> None:
        self._state = state

    def reach(self) -> None:
        self._state.called("reach")

    def list(self) -> TrackersResult:
        self._state.called("trackers")
        return TrackersResult(trackers=TRACKERS)

    def forget(self, address: str) -> None:
        self._state.called("forget", address)
