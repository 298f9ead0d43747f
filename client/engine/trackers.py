"""The trackers as the user sees them: where they are, which is in use, which are trusted."""

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
        """Each tracker of the tracker information file."""
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
        """Trust whatever certificate the tracker there shows next; raises MinitorrentError(usage).

        A connection that there is goes on.
        """
        tracker = Endpoint.parse(address)
        if tracker not in (known for known, _ in self._link.states()):
            raise MinitorrentError(
                ErrorCode.USAGE, f"{tracker} is none of the trackers; see them with: trackers"
            )
        self._known_trackers.forget(tracker)
        self._link.retry()
