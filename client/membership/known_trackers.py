"""Trust in trackers: on first use, as SSH does with hosts."""

from __future__ import annotations

from collections.abc import Callable

from client.net.tracker.tracker_connection import UntrustedTrackerError
from client.state.pinned_certificates import PinnedCertificates
from common.tls import fingerprint
from common.types import Endpoint


class KnownTrackers:
    """Pins each tracker's first certificate. `notify` takes a sentence for the user."""

    def __init__(self, pinned: PinnedCertificates, notify: Callable[[str], None]) -> None:
        self._pinned = pinned
        self._notify = notify
        self._warned: set[tuple[Endpoint, str]] = set()

    def check(self, tracker: Endpoint, certificate: bytes) -> None:
        """Accept a tracker's certificate (DER) if it is the first one or the pinned one.

        Reports a first certificate, and every other one once. Raises UntrustedTrackerError.
        """
        shown = fingerprint(certificate)
        trusted = self._pinned.get(tracker)
        if trusted is None:
            self._pinned.set(tracker, shown)
            self._notify(
                f"The tracker at {tracker} has the certificate {shown}; it is trusted from now on."
            )
        elif trusted != shown:
            error = _changed(tracker, trusted, shown)
            if (tracker, shown) not in self._warned:
                self._warned.add((tracker, shown))
                self._notify(error.message)
            raise error

    def trusted(self, tracker: Endpoint) -> str | None:
        """Return the fingerprint of the pinned certificate, or None."""
        return self._pinned.get(tracker)

    def forget(self, tracker: Endpoint) -> None:
        """Accept the tracker's next certificate."""
        self._pinned.forget(tracker)


def _changed(tracker: Endpoint, trusted: str, shown: str) -> UntrustedTrackerError:
    return UntrustedTrackerError(
        f"The tracker at {tracker} shows another certificate than before ({shown} instead of "
        f"{trusted}), so nothing was sent to it. Either its operator has replaced it, or another "
        "server pretends to be the tracker. Ask the operator; if the new one is right, type: "
        f"trackers --forget {tracker}"
    )
