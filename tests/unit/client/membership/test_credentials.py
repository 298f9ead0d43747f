"""Our certificates: requested once, renewed in time, retried, dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from client.core.notices.events import RevocationsApplied
from client.event_bus import EventBus
from client.membership.credentials import Credentials
from client.net.transports.group_tls import GroupTls, Membership, MembershipError
from common.api.authority import ISSUE_CERTIFICATE, IssueCertificate, IssueCertificateReply
from common.api.groups import GroupProfileReply
from common.api.operation import Operation
from common.errors import ErrorCode, MinitorrentError
from tests.support.security.authority import Group
from tests.support.together import run_together
from tests.support.waiting import wait_until

LAB = Group("lab")


class Tracker:
    """Issues certificates as a tracker does, or fails; `requests` are the received ones."""

    def __init__(self) -> None:
        self.requests: list[IssueCertificate] = []
        self.lifetime = 3600.0
        self.removed: list[str] = []
        self.fails: list[ErrorCode] = []
        self.authority = LAB.certificate
        self.off: float | None = None  # how far this machine's clock is ahead of the tracker's
        self.looked = 0
        self.ahead = 0.0  # of this machine's clock
        self.answer: Callable[[Any, Any], Any] = self.issue

    @property
    def clock_difference(self) -> float | None:
        """See TrackerClient."""
        return self.off

    def call(self, operation: Operation[Any, Any], **arguments: object) -> Any:
        """See TrackerCalls."""
        return self.answer(operation, operation.read_request(arguments))

    def issue(self, operation: Any, request: Any) -> Any:
        """Answer as a tracker does."""
        if self.fails:
            raise MinitorrentError(self.fails.pop(0), "As the test wants it.")
        if operation is not ISSUE_CERTIFICATE:
            self.looked += 1
            return GroupProfileReply(group="lab", mode="sealed", source="x", removed=self.removed)
        self.requests.append(request)
        key = x509.load_pem_x509_csr(request.request.encode()).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        end = datetime.fromtimestamp(int(time.time() + self.ahead + self.lifetime), UTC)
        return IssueCertificateReply(
            group="lab",
            certificate=LAB.certify(key, "ann", self.lifetime),
            authority=self.authority,
            not_after=end.isoformat(),
            removed=self.removed,
        )


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


@pytest.fixture
def credentials(tracker: Tracker, events: EventBus) -> Iterator[Credentials]:
    credentials = Credentials(tracker, events)
    yield credentials
    credentials.close()


def test_an_open_group_needs_none(tracker: Tracker, credentials: Credentials) -> None:
    assert credentials.group_tls("lab", None) is None
    assert not tracker.requests


def test_a_prepared_certificate_is_the_one_that_is_used(
    tracker: Tracker, credentials: Credentials
) -> None:
    credentials.prepare("lab")
    assert credentials.knows("lab")
    credentials.prepare("lab")
    group_tls = credentials.group_tls("lab", LAB.certificate)
    assert group_tls is not None
    assert group_tls.client_context
    assert len(tracker.requests) == 1
    with pytest.raises(MinitorrentError, match="another authority"):
        credentials.group_tls("lab", Group("other").certificate)


def test_a_group_that_gives_no_certificate_is_asked_for_it_when_it_is_needed(
    tracker: Tracker, credentials: Credentials
) -> None:
    tracker.fails = [ErrorCode.USAGE]
    credentials.prepare("lab")
    assert not credentials.knows("lab")
    assert credentials.group_tls("lab", LAB.certificate) is not None


def test_a_certificate_that_was_requested_meanwhile_counts(
    tracker: Tracker, credentials: Credentials
) -> None:
    """Another transfer of the group needs it while the prepared one is on its way."""

    def issue(operation: Any, request: Any) -> Any:
        tracker.answer = tracker.issue
        used.append(credentials.group_tls("lab", LAB.certificate))
        return tracker.issue(operation, request)

    used: list[GroupTls | None] = []
    tracker.answer = issue
    credentials.prepare("lab")
    assert used == [credentials.group_tls("lab", LAB.certificate)]


def test_one_certificate_a_group(tracker: Tracker, credentials: Credentials) -> None:
    all_group_tls: list[object] = []

    def certify() -> None:
        all_group_tls.append(credentials.group_tls("lab", LAB.certificate))

    run_together([certify] * 5)
    assert len(set(map(id, all_group_tls))) == 1
    assert len(tracker.requests) == 1
    assert "PRIVATE" not in tracker.requests[0].request


def test_a_certificate_is_renewed_with_the_same_key(
    tracker: Tracker, credentials: Credentials
) -> None:
    tracker.lifetime = 2.0
    group_tls = credentials.group_tls("lab", LAB.certificate)
    assert group_tls is not None
    first = group_tls.client_context
    wait_until(lambda: len(tracker.requests) >= 2, what="the next certificate")
    wait_until(lambda: group_tls.client_context is not first, what="it to be in use")
    keys = [x509.load_pem_x509_csr(r.request.encode()).public_key() for r in tracker.requests]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("code", [ErrorCode.TRACKER_UNREACHABLE, ErrorCode.TIMEOUT])
def test_a_failed_request_is_retried(tracker: Tracker, events: EventBus, code: ErrorCode) -> None:
    tracker.fails = [code, ErrorCode.INTERNAL]
    with closing(Credentials(tracker, events, retry=0.1)) as credentials:
        group_tls = credentials.group_tls("lab", LAB.certificate)
        assert group_tls is not None
        wait_until(lambda: tracker.requests, what="the certificate")
        wait_until(lambda: group_tls.renewal_margin > 0, what="it to be in use")


def test_non_members_get_no_certificate(tracker: Tracker, credentials: Credentials) -> None:
    tracker.fails = [ErrorCode.NOT_MEMBER]
    with pytest.raises(MinitorrentError):
        credentials.group_tls("lab", LAB.certificate)


def test_a_certificate_of_another_authority_is_refused(
    tracker: Tracker, credentials: Credentials
) -> None:
    tracker.authority = Group("lab").certificate
    with pytest.raises(MinitorrentError) as raised:
        credentials.group_tls("lab", LAB.certificate)
    assert raised.value.code is ErrorCode.PERMISSION_DENIED
    tracker.authority = LAB.certificate
    credentials.group_tls("lab", LAB.certificate)
    with pytest.raises(MinitorrentError):  # a second file that names another one
        credentials.group_tls("lab", Group("lab").certificate)


def test_a_membership_that_ends_while_it_is_renewed(
    tracker: Tracker, credentials: Credentials
) -> None:
    tracker.lifetime = 1.0
    group_tls = credentials.group_tls("lab", LAB.certificate)
    assert group_tls is not None
    tracker.fails = [ErrorCode.NOT_MEMBER]
    wait_until(lambda: not group_tls.renewal_margin, what="the certificate to be dropped")
    with pytest.raises(MembershipError):
        _ = group_tls.server_context


def test_removals_arrive_by_notice_and_after_a_lost_connection(
    tracker: Tracker, credentials: Credentials, events: EventBus
) -> None:
    tracker.removed = ["before"]
    group_tls = credentials.group_tls("lab", LAB.certificate)
    assert group_tls is not None

    def accepts(holder: str) -> bool:
        return group_tls.accepts(Membership("x", holder, time.time() + 60, group_tls))

    applied: list[RevocationsApplied] = []
    events.subscribe(RevocationsApplied, applied.append)
    assert accepts("bob") and not accepts("before")
    credentials.revoke("lab", ["bob"])
    credentials.revoke("lab", [])
    credentials.revoke("elsewhere", ["bob"])
    assert not accepts("bob")
    assert applied == [RevocationsApplied("lab")]
    tracker.removed = ["cat"]
    credentials.refresh()
    wait_until(lambda: not accepts("cat"), what="what was missed")
    assert not accepts("bob")


def test_after_logout_no_certificate_is_used(credentials: Credentials) -> None:
    group_tls = credentials.group_tls("lab", LAB.certificate)
    assert group_tls is not None
    credentials.forget_all()
    with pytest.raises(MembershipError):
        _ = group_tls.client_context


@pytest.mark.parametrize("step", [3600.0, -3600.0, 1e6, -1e6])
def test_setting_the_clock_changes_nothing(tracker: Tracker, events: EventBus, step: float) -> None:
    """Neither is a certificate renewed early, or again and again, nor late."""
    wall, passed = [time.time()], [0.0]
    credentials = Credentials(tracker, events, lambda: wall[0], lambda: passed[0])
    try:
        assert credentials.group_tls("lab", LAB.certificate) is not None
        wall[0] += step
        passed[0] += tracker.lifetime * 0.6
        credentials.refresh()  # triggers a check of due certificates
        wait_until(lambda: tracker.looked, what="a look")
        assert credentials.certificate("lab") == "valid"
        assert len(tracker.requests) == 1
        passed[0] += tracker.lifetime * 0.1
        credentials.refresh()
        wait_until(lambda: len(tracker.requests) == 2, what="the next certificate")
    finally:
        credentials.close()


@pytest.mark.parametrize("ahead", [7200.0, -7200.0])
def test_a_clock_that_is_wrong_from_the_start(
    tracker: Tracker, events: EventBus, ahead: float
) -> None:
    """Let the tracker's clock be `ahead` of ours, and report it."""
    tracker.ahead, tracker.off = ahead, -ahead
    passed = [0.0]
    credentials = Credentials(tracker, events, time.time, lambda: passed[0])
    try:
        credentials.group_tls("lab", LAB.certificate)
        assert credentials.certificate("lab") == "valid"
        assert credentials.lifetimes()[0].left == pytest.approx(tracker.lifetime, abs=5)
        passed[0] = tracker.lifetime + 1
        assert credentials.certificate("lab") == "expired"
    finally:
        credentials.close()


def test_an_expired_certificate_is_not_requested_in_a_busy_loop(
    tracker: Tracker, events: EventBus
) -> None:
    """With an old tracker, which reports no time, and a clock far ahead of it."""
    tracker.ahead = -1e6
    credentials = Credentials(tracker, events, time.time, lambda: 0.0)
    try:
        credentials.group_tls("lab", LAB.certificate)
        credentials.refresh()
        wait_until(lambda: tracker.looked, what="a look")
        assert credentials.certificate("lab") == "expired"
        assert len(tracker.requests) == 1
    finally:
        credentials.close()


def test_a_pending_certificate_has_not_failed(tracker: Tracker, credentials: Credentials) -> None:
    asked, go_on = threading.Event(), threading.Event()
    answer = tracker.issue

    def slowly(operation: Any, request: Any) -> Any:
        asked.set()
        assert go_on.wait(20)
        return answer(operation, request)

    tracker.answer = slowly
    thread = threading.Thread(target=credentials.group_tls, args=("lab", LAB.certificate))
    thread.start()
    try:
        assert asked.wait(20)
        (measured,) = credentials.lifetimes()
        assert (measured.left, measured.failed) == (None, False)
    finally:
        go_on.set()
        thread.join()
    tracker.fails = [ErrorCode.TIMEOUT]
    credentials.forget("lab")
    credentials.group_tls("lab", LAB.certificate)
    assert credentials.lifetimes()[0].failed


class Slow:
    """Delays the tracker's first reply until `go_on` is set; `asked` is set by the request."""

    def __init__(self, tracker: Tracker) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()
        self._issue = tracker.issue
        tracker.answer = self._call

    def _call(self, operation: Any, request: Any) -> Any:
        if operation is ISSUE_CERTIFICATE:
            self.asked.set()
            assert self.go_on.wait(20)
        return self._issue(operation, request)


def test_a_pending_certificate_is_not_requested_twice(
    tracker: Tracker, credentials: Credentials
) -> None:
    slow = Slow(tracker)
    thread = threading.Thread(target=credentials.group_tls, args=("lab", LAB.certificate))
    thread.start()
    try:
        assert slow.asked.wait(20)
        credentials.refresh()  # triggers the other thread's check
        wait_until(lambda: tracker.looked, what="a look")
    finally:
        slow.go_on.set()
        thread.join()
    assert len(tracker.requests) == 1


def test_a_certificate_that_arrives_after_logout_is_not_used(
    tracker: Tracker, credentials: Credentials
) -> None:
    slow = Slow(tracker)
    all_group_tls: list[GroupTls | None] = []
    thread = threading.Thread(
        target=lambda: all_group_tls.append(credentials.group_tls("lab", LAB.certificate))
    )
    thread.start()
    try:
        assert slow.asked.wait(20)
        credentials.forget_all()
    finally:
        slow.go_on.set()
        thread.join()
    assert all_group_tls[0] is not None
    with pytest.raises(MembershipError):
        _ = all_group_tls[0].client_context
