"""Trust in trackers: on first use, as SSH does with hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from client.net.tracker.tracker_connection import UntrustedTrackerError
from client.state.pinned_certificates import PinnedCertificates
from common.errors import ErrorCode, MinitorrentError
from common.invitation import InvitedTracker
from common.tls import fingerprint
from common.types import Endpoint


class KnownTrackers:
    """Pins each tracker's first certificate. `notify` takes a sentence for the user."""

    def __init__(self, pinned: PinnedCertificates, notify: Callable[[str], None]) -> None:
        self._pinned = pinned
        self._notify = notify
        self._warned: set[tuple[Endpoint, str]] = set()
        self._invited: dict[Endpoint, str] = {}

    def check(self, tracker: Endpoint, certificate: bytes) -> None:
        """Accept a tracker's certificate (DER) if it is the first one or the pinned one.

        Reports a first certificate, and every other one once. Raises UntrustedTrackerError.
        """
        shown = fingerprint(certificate)
        pinned = self._pinned.get(tracker)
        trusted = pinned or self._invited.get(tracker)
        if trusted is None:
            self._pinned.set(tracker, shown)
            self._notify(
                f"The tracker at {tracker} has the certificate {shown}; it is trusted from now on."
            )
        elif trusted == shown:
            if pinned is None:
                self._pinned.set(tracker, shown)
        else:
            judge = _not_as_invited if pinned is None else _changed
            error = judge(tracker, trusted, shown)
            if (tracker, shown) not in self._warned:
                self._warned.add((tracker, shown))
                self._notify(error.message)
            raise error

    def trust(self, invited: Iterable[InvitedTracker]) -> None:
        """Accept only the certificates that an invitation names; each is pinned when it is shown.

        Raises MinitorrentError(invite_invalid) if another one is known of such a tracker.
        """
        for tracker in invited:
            named = tracker.fingerprint.hex(":").upper()
            trusted = self._pinned.get(tracker.address)
            self._invited[tracker.address] = named
            if trusted not in (None, named):
                raise MinitorrentError(
                    ErrorCode.INVITE_INVALID,
                    f"The invitation names another certificate of the tracker at {tracker.address} "
                    f"({named}) than this client knows ({trusted}); ask who invited you, and the "
                    "tracker's operator, which is right.",
                )

    def trusted(self, tracker: Endpoint) -> str | None:
        """Return the fingerprint of the only accepted certificate, or None."""
        return self._pinned.get(tracker) or self._invited.get(tracker)

    def forget(self, tracker: Endpoint) -> None:
        """Accept the tracker's next certificate."""
        self._pinned.forget(tracker)
        self._invited.pop(tracker, None)


def _changed(tracker: Endpoint, trusted: str, shown: str) -> UntrustedTrackerError:
    return UntrustedTrackerError(
        f"The tracker at {tracker} shows another certificate than before ({shown} instead of "
        f"{trusted}), so nothing was sent to it. Either its operator has replaced it, or another "
        "server pretends to be the tracker. Ask the operator; if the new one is right, type: "
        f"trackers --forget {tracker}"
    )


def _not_as_invited(tracker: Endpoint, invited: str, shown: str) -> UntrustedTrackerError:
    return UntrustedTrackerError(
        f"The tracker at {tracker} shows another certificate ({shown}) than the invitation names "
        f"({invited}), so nothing was sent to it. Ask who invited you for a new invitation."
    )
