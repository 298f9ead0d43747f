"""The trackers of this client, and which certificates of theirs it trusts."""

from __future__ import annotations

from client.membership.known_trackers import KnownTrackers
from client.net.tracker.tracker_client import TrackerClient
from client.results.health import TrackerRow, TrackersResult
from common.api.accounts import PING, Ping
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint


class TrackerService:
    """The trackers of a session; see Session for the rules of all its methods."""

    def __init__(self, tracker_client: TrackerClient, known_trackers: KnownTrackers) -> None:
        self._tracker_client = tracker_client
        self._known_trackers = known_trackers

    def reach(self) -> None:
        """Wait until a tracker answers. Raises MinitorrentError(tracker_unreachable)."""
        self._tracker_client.call(PING, Ping())

    def list(self) -> TrackersResult:
        """Return a row for each tracker of the tracker information file."""
        return TrackersResult(
            trackers=[
                TrackerRow(
                    address=str(tracker),
                    state=state,
                    current=state == "connected",
                    fingerprint=self._known_trackers.trusted(tracker),
                )
                for tracker, state in self._tracker_client.states()
            ]
        )

    def forget(self, address: str) -> None:
        """Trust the tracker's next certificate; raises MinitorrentError(usage) for an unknown one.

        An existing connection continues.
        """
        tracker = Endpoint.parse(address)
        if tracker not in (known for known, _ in self._tracker_client.states()):
            raise MinitorrentError(
                ErrorCode.USAGE, f"{tracker} is not one of the trackers; see them with: trackers"
            )
        self._known_trackers.forget(tracker)
        self._tracker_client.retry()
