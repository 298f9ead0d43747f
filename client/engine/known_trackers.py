"""Which trackers are trusted: the ones that show the certificate that they showed at first."""

from __future__ import annotations

from collections.abc import Callable

from client.net.tracker_connection import UntrustedTrackerError
from client.state.pinned_certificates import PinnedCertificates
from common.tls import fingerprint
from common.types import Endpoint


class KnownTrackers:
    """Trust on first use. `tell` gives the user a sentence."""

    def __init__(self, pinned: PinnedCertificates, tell: Callable[[str], None]) -> None:
        self._pinned = pinned
        self._tell = tell
        self._warned: set[tuple[Endpoint, str]] = set()

    def check(self, tracker: Endpoint, certificate: bytes) -> None:
        """Trust a tracker's certificate (DER) if it is the first one, or the same again.

        Tells of a first one, and once of each other one. Raises UntrustedTrackerError.
        """
        shown = fingerprint(certificate)
        trusted = self._pinned.get(tracker)
        if trusted is None:
            self._pinned.set(tracker, shown)
            self._tell(
                f"The tracker at {tracker} has the certificate {shown}; it is trusted from now on."
            )
        elif trusted != shown:
            error = _changed(tracker, trusted, shown)
            if (tracker, shown) not in self._warned:
                self._warned.add((tracker, shown))
                self._tell(error.message)
            raise error

    def trusted(self, tracker: Endpoint) -> str | None:
        """The fingerprint of the certificate that is trusted there."""
        return self._pinned.get(tracker)

    def forget(self, tracker: Endpoint) -> None:
        """Take whatever certificate the tracker shows next."""
        self._pinned.forget(tracker)


def _changed(tracker: Endpoint, trusted: str, shown: str) -> UntrustedTrackerError:
    return UntrustedTrackerError(
        f"The tracker at {tracker} shows another certificate than before ({shown} instead of "
        f"{trusted}), so nothing was sent to it: either its operator has replaced it, or somebody "
        "pretends to be the tracker; ask the operator, and if the new one is right, type: "
        f"trackers --forget {tracker}"
    )
