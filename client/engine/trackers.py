"""The trackers: their addresses, which one is in use, which certificates are trusted."""

from __future__ import annotations

from client.engine import results
from client.engine.known_trackers import KnownTrackers
from client.net.tracker_client import TrackerClient
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint


class Trackers:
    """Answers the command `trackers`."""

    def __init__(self, link: TrackerClient, known_trackers: KnownTrackers) -> None:
        self._link = link
        self._known_trackers = known_trackers

    def rows(self) -> results.TrackersResult:
        """Return a row for each tracker of the tracker information file."""
        return results.TrackersResult(
            trackers=[
                results.TrackerRow(
                    address=str(tracker),
                    state=state,
                    current=state == "connected",
                    fingerprint=self._known_trackers.trusted(tracker),
                )
                for tracker, state in self._link.states()
            ]
        )

    def forget(self, address: str) -> None:
        """Trust the tracker's next certificate; raises MinitorrentError(usage) for an unknown one.

        An existing connection continues.
        """
        tracker = Endpoint.parse(address)
        if tracker not in (known for known, _ in self._link.states()):
            raise MinitorrentError(
                ErrorCode.USAGE, f"{tracker} is not one of the trackers; see them with: trackers"
            )
        self._known_trackers.forget(tracker)
        self._link.retry()
