"""Hanging and failing checks are reported along with all others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from client.config import ClientConfig, Timing
from client.core.health.measurements import Reach
from client.event_bus import EventBus
from client.membership.account import Account
from client.membership.credentials import Credentials
from client.membership.known_trackers import KnownTrackers
from client.membership.remote import Remote
from client.net.port_mapping.mapper import PortMapper
from client.net.tracker.callbacks import TrackerCallbacks
from client.net.tracker.port_check import DialledPort, OwnPort
from client.net.tracker.tracker_client import TrackerClient
from client.results.health import CheckRow
from client.services.health import environment
from client.services.health.doctor import Doctor
from client.state.database import Database
from client.state.pinned_certificates import PinnedCertificates
from client.state.settings import Settings
from client.transfers.transfer_manager import TransferManager
from common.types import Endpoint, PeerId
from tests.support.fakes.transfers import TransferLab
from tests.unit.client.net.fake_tracker import FakeTracker

PEER_ID = PeerId(b"-MI0100-abcdefghijkl")
MET = DialledPort("127.0.0.1", Reach.HERE)
NOT_HEARD = TrackerCallbacks(*[lambda *_: None] * 4)

Examine = Callable[[Timing, Callable[[], DialledPort]], dict[str, CheckRow]]


@pytest.fixture
def silent() -> Iterator[FakeTracker]:
    """A tracker that accepts connections and says nothing."""
    with FakeTracker(b"") as tracker:
        yield tracker


class OwnPortFake(OwnPort):
    """A port that is dialled as the test has it."""

    def __init__(self, dialled: Callable[[], DialledPort]) -> None:
        super().__init__(6001, lambda: 0)
        self._dialled = dialled

    def dialled_from_here(self, host: str) -> DialledPort:
        """See OwnPort."""
        return self._dialled()


@pytest.fixture
def examine(tmp_path: Path, silent: FakeTracker) -> Iterator[Examine]:
    """Run the checks of a client that knows a silent tracker."""
    with ExitStack() as stack:
        database = stack.enter_context(closing(Database.open(tmp_path / "client.sqlite")))
        events = EventBus()
        known = KnownTrackers(PinnedCertificates(database), lambda _: None)
        tracker_client = TrackerClient(
            [silent.address], None, PEER_ID, 6001, NOT_HEARD, known.check
        )
        account = Account(Settings(database), events)
        credentials = stack.enter_context(
            closing(Credentials(Remote(account, tracker_client), events))
        )

        def run(timing: Timing, dialled: Callable[[], DialledPort]) -> dict[str, CheckRow]:
            listen = Endpoint("127.0.0.1", 6001)
            doctor = Doctor(
                ClientConfig(listen, (silent.address,), tmp_path, timing=timing),
                OwnPortFake(dialled),
                account,
                tracker_client,
                known,
                credentials,
                TransferManager(TransferLab(database).context),
                PortMapper(6001, tuple, lambda: None),
            )
            return {row.name: row for row in doctor.examine().checks}

        yield run


def test_a_check_that_hangs_hides_no_other(examine: Examine, tmp_path: Path) -> None:
    over = threading.Event()

    def hang() -> DialledPort:
        over.wait(20)
        return MET

    try:
        found = examine(Timing(checks=0.5, tracker_connect=0.1), hang)
    finally:
        over.set()
    assert "0.5 s;" in found["port"].hint
    assert not found["port"].ok
    assert found[f"disk {tmp_path}"].hint


def test_a_check_that_fails_hides_no_other(examine: Examine, tmp_path: Path) -> None:
    def fail() -> DialledPort:
        raise ZeroDivisionError

    found = examine(Timing(tracker_connect=0.1), fail)
    assert "report it" in found["port"].hint
    assert found[f"disk {tmp_path}"].hint


def test_a_tracker_that_is_silent(examine: Examine, silent: FakeTracker) -> None:
    check = examine(Timing(tracker_connect=0.1), lambda: MET)[f"tracker {silent.address}"]
    assert not check.ok
    assert "does not answer" in check.hint


def test_the_libraries_are_those_of_the_programs_own_list() -> None:
    found = {library.name: library for library in environment.libraries()}
    assert found["cryptography"].found is not None
    assert "psycopg" not in found  # that is an extra's
