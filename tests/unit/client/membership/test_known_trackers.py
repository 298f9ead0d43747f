"""Trust on first use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.membership.known_trackers import KnownTrackers
from client.net.tracker.tracker_connection import UntrustedTrackerError
from client.state.database import Database
from client.state.pinned_certificates import PinnedCertificates
from common.tls import fingerprint
from common.types import Endpoint

HERE, THERE = Endpoint("127.0.0.1", 7400), Endpoint("127.0.0.1", 7410)


@pytest.fixture
def told() -> list[str]:
    """What the user was told."""
    return []


@pytest.fixture
def trust(tmp_path: Path, told: list[str]) -> Iterator[KnownTrackers]:
    database = Database.open(tmp_path / "client.sqlite")
    yield KnownTrackers(PinnedCertificates(database), told.append)
    database.close()


def test_the_first_certificate_is_reported_and_trusted(
    trust: KnownTrackers, told: list[str]
) -> None:
    assert trust.trusted(HERE) is None
    for _ in range(3):
        trust.check(HERE, b"one")
    assert trust.trusted(HERE) == fingerprint(b"one")
    assert told == [
        f"The tracker at {HERE} has the certificate {fingerprint(b'one')}; "
        "it is trusted from now on."
    ]
    trust.check(THERE, b"two")  # another tracker, another certificate
    assert trust.trusted(THERE) == fingerprint(b"two")


def test_another_certificate_is_refused_and_reported_once(
    trust: KnownTrackers, told: list[str]
) -> None:
    trust.check(HERE, b"one")
    for _ in range(3):
        with pytest.raises(UntrustedTrackerError) as raised:
            trust.check(HERE, b"two")
    assert f"trackers --forget {HERE}" in raised.value.message
    assert fingerprint(b"two") in raised.value.message
    assert told[1:] == [raised.value.message]
    assert trust.trusted(HERE) == fingerprint(b"one")


def test_a_forgotten_tracker_is_trusted_at_the_next_connection(trust: KnownTrackers) -> None:
    trust.check(HERE, b"one")
    trust.forget(HERE)
    trust.check(HERE, b"two")
    assert trust.trusted(HERE) == fingerprint(b"two")
