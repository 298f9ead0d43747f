"""Our certificates in sealed groups: requested, renewed in time, and dropped.

The key is generated here, kept in memory, and never sent: the tracker signs a request for it. A
certificate is renewed after two thirds of its lifetime, which leaves time for retries.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from client.core.health.diagnosis import Certificate
from client.core.health.measurements import CertificateMeasurements
from client.core.notices.events import RevocationsApplied
from client.event_bus import EventBus
from client.membership.remote import TrackerCalls
from client.net.clock import steady
from client.net.transports.group_tls import GroupTls
from common.api.authority import (
    ISSUE_CERTIFICATE,
    LIST_REMOVED,
    IssueCertificateReply,
)
from common.api.groups import GET_GROUP
from common.errors import ErrorCode, MinitorrentError

log = structlog.get_logger(__name__)

RENEW_AT: Final = 2 / 3
"""Share of a certificate's lifetime after which the next one is requested."""

RETRY: Final = 5.0
"""Seconds between retries after a failure; fewer when the certificate ends soon."""

_LONGEST_WAIT: Final = 30.0
"""Seconds between checks for due renewals."""

_NOTHING_DUE: Final = 3600.0
"""Seconds until the next check while there is no certificate."""

_RETRIES_LEFT: Final = 10
"""Retries that fit into what is left of a certificate, if they can't be RETRY seconds apart."""

_NO_LONGER_MEMBER = frozenset(
    {ErrorCode.NOT_MEMBER, ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_LOGGED_IN}
)
"""Refusals after which a certificate is dropped."""

_UNREACHABLE = frozenset({ErrorCode.TRACKER_UNREACHABLE, ErrorCode.TIMEOUT})
"""Failures after which a first certificate is requested again."""


class _Credential:
    """One group's GroupTls and our key for it. `lock` allows one request at a time."""

    def __init__(
        self, group: str, group_tls: GroupTls, key: ec.EllipticCurvePrivateKey | None = None
    ) -> None:
        self.group = group
        self.group_tls = group_tls
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.lock = threading.Lock()
        self.certified = False
        self.failed = False  # the last attempt failed; False before the first one
        self.renew_at = math.inf  # until the first attempt; these two by the steady clock
        self.expires_at = 0.0


class CertificateTracker(TrackerCalls, Protocol):
    """A tracker that issues certificates, dated by its own clock."""

    @property
    def clock_difference(self) -> float | None:
        """See TrackerClient."""


class Credentials:
    """The certificates of the logged-in user's sealed groups.

    `now` returns seconds since the epoch by this machine's clock, which may be wrong or be set at
    any time: renewals are timed by `clock`, and expiry by the tracker's time. A failed request is
    repeated after at most `retry` seconds. Publishes RevocationsApplied when a holder in a group is
    no longer accepted.
    """

    def __init__(
        self,
        tracker: CertificateTracker,
        events: EventBus,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = steady,
        retry: float = RETRY,
    ) -> None:
        self._retry = retry
        self._tracker = tracker
        self._events = events
        self._now = now
        self._clock = clock
        self._held: dict[str, _Credential] = {}
        self._open: set[str] = set()  # open groups that were asked for
        self._changed = threading.Condition()
        self._closing = False
        self._stale = False
        self._thread = threading.Thread(target=self._run, name="credentials", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop renewing."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(5.0)

    def group_tls(self, group: str, authority: str | None) -> GroupTls | None:
        """Return the GroupTls of a group with this authority (PEM); None for an open group.

        Requests a certificate if there is none, and retries until the tracker can be reached.
        Raises MinitorrentError: the tracker's refusal.
        """
        if authority is None:
            self._open.add(group)
            return None
        with self._changed:
            held = self._held.get(group)
            if held is None:
                held = self._held[group] = _Credential(group, GroupTls(authority, self._now))
        if held.group_tls.authority != authority:
            raise _other_authority(group)
        try:
            self._certify(held, only_first=True)
        except MinitorrentError as error:
            if error.code not in _UNREACHABLE:
                self.forget(group)
                raise
            self._postpone(held)
        return held.group_tls

    def prepare(self, group: str) -> None:
        """Request a certificate in a group that may be sealed, unless it is known.

        So it need not wait until the authority is known, which is left to `group_tls` to check. A
        failure is left to it, too.
        """
        if self.knows(group):
            return
        key, asked_at = ec.generate_private_key(ec.SECP256R1()), self._clock()
        try:
            reply = self._issue(group, key)
            held = _Credential(group, GroupTls(reply.authority, self._now), key)
            with held.lock:
                with self._changed:
                    if self.knows(group):  # somebody else has asked meanwhile
                        return
                    self._held[group] = held
                self._accept(held, reply, asked_at)
        except MinitorrentError as error:
            log.debug("no certificate yet", group=group, error=error.message)

    def knows(self, group: str) -> bool:
        """Return whether `group_tls` has succeeded for a group since the login."""
        return group in self._held or group in self._open

    def certificate(self, group: str) -> Certificate:
        """Return the status of our certificate in a sealed group."""
        held = self._held.get(group)
        if held is None or not held.certified:
            return "missing"
        return "valid" if self._clock() < held.expires_at else "expired"

    def authority(self, group: str) -> str | None:
        """Return the certificate (PEM) of a group's authority; None for an open group."""
        return self._tracker.call(GET_GROUP, group=group).authority

    def export(self, group: str) -> tuple[IssueCertificateReply, bytes]:
        """Return a certificate for another program of this user, and its own key (PKCS #8, PEM)."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return self._issue(group, key), pem

    def lifetimes(self) -> list[CertificateMeasurements]:
        """Return how long our certificates remain valid."""
        now = self._clock()
        with self._changed:
            held = list(self._held.values())
        return [
            CertificateMeasurements(
                one.group, one.expires_at - now if one.certified else None, one.failed
            )
            for one in held
        ]

    # --- events from the tracker ------------------------------------------------------------
    def revoke(self, group: str, holders: Sequence[str]) -> None:
        """Stop accepting these holders in the group."""
        held = self._held.get(group)
        if held is not None and holders:
            held.group_tls.revoke(holders)
            self._events.publish(RevocationsApplied(group))

    def refresh(self) -> None:
        """Ask for removals that the tracker reported while the connection was lost."""
        with self._changed:
            self._stale = True
            self._changed.notify_all()

    def forget(self, group: str) -> None:
        """Drop a group's certificate: the user is no longer a member."""
        with self._changed:
            held = self._held.pop(group, None)
        self._open.discard(group)
        if held is not None:
            held.group_tls.clear_certificate()

    def forget_all(self) -> None:
        """Drop all certificates: nobody is logged in any more."""
        for group in [*self._held, *self._open]:
            self.forget(group)

    # --- requesting certificates ------------------------------------------------------------
    def _certify(self, held: _Credential, *, only_first: bool = False) -> None:
        with held.lock:
            if only_first and held.certified:
                return
            asked_at = self._clock()
            self._accept(held, self._issue(held.group, held.key), asked_at)

    def _accept(self, held: _Credential, reply: IssueCertificateReply, asked_at: float) -> None:
        """Take a certificate that was requested at `asked_at`; call it under `held.lock`."""
        if reply.authority != held.group_tls.authority:
            raise _other_authority(held.group)
        held.group_tls.revoke(
            self._all_removed(held.group) if reply.more_removed else reply.removed
        )
        held.group_tls.set_certificate(reply.certificate, held.key)
        left = datetime.fromisoformat(reply.not_after).timestamp() - self._trackers_now()
        with self._changed:
            if self._held.get(held.group) is not held:  # forgotten meanwhile
                held.group_tls.clear_certificate()
                return
            held.expires_at = asked_at + left
            held.renew_at = asked_at + (left * RENEW_AT if left > 0 else self._retry)
            held.certified, held.failed = True, False
            self._changed.notify_all()
        self._events.publish(RevocationsApplied(held.group))

    def _issue(self, group: str, key: ec.EllipticCurvePrivateKey) -> IssueCertificateReply:
        signed = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
        pem = signed.public_bytes(serialization.Encoding.PEM).decode()
        return self._tracker.call(ISSUE_CERTIFICATE, group=group, request=pem)

    def _postpone(self, held: _Credential) -> None:
        """Retry later: sooner when the certificate ends soon, but not at once."""
        with self._changed:
            held.failed = True
            now = self._clock()
            soon = max(held.expires_at - now, self._retry) / _RETRIES_LEFT
            held.renew_at = now + min(self._retry, soon)
            self._changed.notify_all()

    def _trackers_now(self) -> float:
        """Return seconds since the epoch by the tracker's clock, which dates certificates."""
        return self._now() - (self._tracker.clock_difference or 0.0)

    # --- the thread -------------------------------------------------------------------------
    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._closing or self._stale or self._pause() <= 0):
                    # Condition.wait stands still while the machine sleeps.
                    self._changed.wait(min(self._pause(), _LONGEST_WAIT))
                if self._closing:
                    return
                stale, self._stale = self._stale, False
                held = list(self._held.values())
            for one in held:
                if one.renew_at <= self._clock():
                    self._attempt(one, self._certify)
                elif stale:
                    self._attempt(one, self._catch_up)

    def _pause(self) -> float:
        now = self._clock()
        return (
            min((held.renew_at for held in self._held.values()), default=now + _NOTHING_DUE) - now
        )

    def _attempt(self, held: _Credential, act: Callable[[_Credential], None]) -> None:
        try:
            act(held)
        except MinitorrentError as error:
            log.warning("no certificate", group=held.group, error=error.message)
            if error.code in _NO_LONGER_MEMBER:
                self.forget(held.group)
            else:
                self._postpone(held)
        except Exception:
            log.exception("no certificate", group=held.group)
            self._postpone(held)

    def _catch_up(self, held: _Credential) -> None:
        profile = self._tracker.call(GET_GROUP, group=held.group)
        self.revoke(
            held.group, self._all_removed(held.group) if profile.more_removed else profile.removed
        )

    def _all_removed(self, group: str) -> list[str]:
        """Return all removed holders of a group, page by page."""
        removed: list[str] = []
        after: str | None = ""
        while after is not None:
            page = self._tracker.call(LIST_REMOVED, group=group, after=after)
            removed += page.removed
            after = page.next
        return removed


def _other_authority(group: str) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.PERMISSION_DENIED,
        f"This file was made for another authority than {group} has; ask its owner to share it"
        " again.",
    )
