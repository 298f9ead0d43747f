"""Trust on first use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.membership.known_trackers import KnownTrackers
from client.net.tracker.tracker_connection import UntrustedTrackerError
from client.state.database import Database
from client.state.pinned_certificates import PinnedCertificates
from common.errors import MinitorrentError
from common.invitation import InvitedTracker
from common.tls import fingerprint
from common.types import Endpoint

HERE, THERE = Endpoint("127.0.0.1", 7400), Endpoint("127.0.0.1", 7410)


@pytest.fixture
def notices() -> list[str]:
    """The sentences shown to the user."""
    return []


@pytest.fixture
def known_trackers(tmp_path: Path, notices: list[str]) -> Iterator[KnownTrackers]:
    database = Database.open(tmp_path / "client.sqlite")
    yield KnownTrackers(PinnedCertificates(database), notices.append)
    database.close()


def test_the_first_certificate_is_reported_and_trusted(
    known_trackers: KnownTrackers, notices: list[str]
) -> None:
    assert known_trackers.trusted(HERE) is None
    for _ in range(3):
        known_trackers.check(HERE, b"one")
    assert known_trackers.trusted(HERE) == fingerprint(b"one")
    assert notices == [
        f"The tracker at {HERE} has the certificate {fingerprint(b'one')}; "
        "it is trusted from now on."
    ]
    known_trackers.check(THERE, b"two")  # another tracker, another certificate
    assert known_trackers.trusted(THERE) == fingerprint(b"two")


def test_another_certificate_is_refused_and_reported_once(
    known_trackers: KnownTrackers, notices: list[str]
) -> None:
    known_trackers.check(HERE, b"one")
    for _ in range(3):
        with pytest.raises(UntrustedTrackerError) as raised:
            known_trackers.check(HERE, b"two")
    assert f"trackers --forget {HERE}" in raised.value.message
    assert fingerprint(b"two") in raised.value.message
    assert notices[1:] == [raised.value.message]
    assert known_trackers.trusted(HERE) == fingerprint(b"one")


def test_a_forgotten_tracker_is_trusted_at_the_next_connection(
    known_trackers: KnownTrackers,
) -> None:
    known_trackers.check(HERE, b"one")
    known_trackers.forget(HERE)
    known_trackers.check(HERE, b"two")
    assert known_trackers.trusted(HERE) == fingerprint(b"two")


def invited(certificate: bytes) -> list[InvitedTracker]:
    return [InvitedTracker(HERE, hashlib.sha256(certificate).digest())]


def test_an_invitation_names_the_only_certificate_to_trust(
    known_trackers: KnownTrackers, notices: list[str]
) -> None:
    known_trackers.trust(invited(b"one"))
    with pytest.raises(UntrustedTrackerError, match="than the invitation names"):
        known_trackers.check(HERE, b"two")
    notices.clear()
    known_trackers.check(HERE, b"one")
    assert notices == []
    known_trackers.trust(invited(b"one"))
    with pytest.raises(UntrustedTrackerError, match="than before"):
        known_trackers.check(HERE, b"two")


def test_an_invitation_changes_no_known_certificate(known_trackers: KnownTrackers) -> None:
    known_trackers.check(HERE, b"one")
    with pytest.raises(MinitorrentError, match="another certificate"):
        known_trackers.trust(invited(b"two"))
    known_trackers.check(HERE, b"one")


def test_an_invitation_that_no_tracker_confirmed_leaves_nothing(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "client.sqlite")
    KnownTrackers(PinnedCertificates(database), print).trust(invited(b"forged"))
    known_trackers = KnownTrackers(PinnedCertificates(database), print)
    known_trackers.trust(invited(b"one"))
    known_trackers.check(HERE, b"one")
    database.close()
