"""Runs all health checks at once and reports their results."""

from __future__ import annotations

import platform
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

import structlog

from client.config import ClientConfig
from client.core.health import health_checks
from client.core.health.health_checks import Check
from client.core.health.measurements import DiskMeasurements, PortMeasurements, TrackerMeasurements
from client.membership.account import Account
from client.membership.credentials import Credentials
from client.membership.known_trackers import KnownTrackers
from client.net.port_mapping.mapper import PortMapper
from client.net.tracker.port_check import DialledPort, OwnPort
from client.net.tracker.probe import (
    LOOPBACK,
    TrackerProbe,
    outward_host,
)
from client.net.tracker.tracker_client import TrackerClient
from client.net.tracker.tracker_connection import source_host
from client.results.health import CheckRow, ChecksResult
from client.services.health.environment import descriptors, libraries
from client.storage.paths import mount_point
from client.transfers.transfer_manager import TransferManager
from common import __version__
from common.errors import MinitorrentError
from common.process.installing import install_command
from common.types import Endpoint

log = structlog.get_logger(__name__)

_PROGRAM: Final = f"minitorrent {__version__}"

T = TypeVar("T")


class _Look(Generic[T]):
    """A measurement in its own thread, so that one that hangs delays no other."""

    def __init__(self, name: str, act: Callable[[], T]) -> None:
        self.name = name
        self._act = act
        self._found: list[T] = []
        self._failed = False
        self._thread = threading.Thread(target=self._run, name=f"look at {name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found.append(self._act())
        except Exception:  # the other checks are still shown
            self._failed = True
            log.exception("a check failed", check=self.name)

    def found(self, deadline: float) -> list[T]:
        """Return the measurement as a list, which is empty if there is none by then."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return self._found

    def judged(self, judge: Callable[[T], Check], deadline: float, time_limit: float) -> Check:
        """Return the check's result."""
        found = self.found(deadline)
        if found:
            return judge(found[0])
        return (
            health_checks.crashed(self.name)
            if self._failed
            else health_checks.timed_out(self.name, time_limit)
        )


class Doctor:
    """Answers the command `doctor`, logged in or not, with or without a tracker."""

    def __init__(
        self,
        config: ClientConfig,
        port: OwnPort,
        account: Account,
        tracker_client: TrackerClient,
        known_trackers: KnownTrackers,
        credentials: Credentials,
        transfers: TransferManager,
        mapper: PortMapper,
    ) -> None:
        self._config = config
        self._mapper = mapper
        self._port = port
        self._account = account
        self._tracker_client = tracker_client
        self._known_trackers = known_trackers
        self._credentials = credentials
        self._transfers = transfers

    def examine(self) -> ChecksResult:
        """Run all checks; takes at most `timing.checks` seconds, and raises nothing."""
        time_limit = self._config.timing.checks
        deadline = time.monotonic() + time_limit
        port = _Look("port", self._look_at_port)
        trackers = [
            _Look(f"tracker {tracker}", partial(self._look_at_tracker, tracker))
            for tracker in self._config.trackers
        ]
        disks = self._look_at_disks()
        answers = [answer for look in trackers for answer in look.found(deadline)]
        needed = health_checks.needed_on([one for look in disks for one in look.found(deadline)])
        disk = partial(health_checks.disk, needed)
        checks = [
            port.judged(health_checks.port, deadline, time_limit),
            health_checks.port_mapping(self._mapper.found),
            *(look.judged(health_checks.tracker, deadline, time_limit) for look in trackers),
            health_checks.clock(answers, time.time()),
            *health_checks.certificates(self._credentials.lifetimes(), self._account.user),
            *(look.judged(disk, deadline, time_limit) for look in disks),
            *_own(answers),
        ]
        return ChecksResult(checks=[CheckRow(name=c.name, ok=c.ok, hint=c.hint) for c in checks])

    # --- measurements -----------------------------------------------------------------------
    def _look_at_tracker(self, tracker: Endpoint) -> TrackerMeasurements:
        source = source_host(self._config.listen)
        trusted = self._known_trackers.trusted(tracker)
        return TrackerProbe(tracker, source, trusted, self._config.timing).measure()

    def _look_at_port(self) -> PortMeasurements:
        listen, trackers = self._config.listen, self._config.trackers
        asked = self._ask_tracker()
        found = asked or self._port.dialled_from_here(self._host_for_others())
        return PortMeasurements(
            address=str(Endpoint(found.host, self._port.outer_port if asked else self._port.port)),
            port=self._port.port,
            is_local=listen.is_loopback,
            trackers_are_local=all(tracker.is_loopback for tracker in trackers),
            reach=found.reach,
            by_tracker=asked is not None,
        )

    def _ask_tracker(self) -> DialledPort | None:
        """Have the tracker dial us; None when nobody is logged in, or no tracker can be asked."""
        try:
            return (
                self._port.dialled_by_tracker(self._tracker_client) if self._account.user else None
            )
        except MinitorrentError:  # other checks report why
            return None

    def _host_for_others(self) -> str:
        """Return the address listened on, or the source address of packets to the trackers."""
        listen = self._config.listen
        if not listen.is_unspecified:
            return listen.host
        found = map(outward_host, self._config.trackers)
        return next((host for host in found if host is not None), LOOPBACK)

    def _look_at_disks(self) -> list[_Look[DiskMeasurements]]:
        """Measure every folder that is written to."""
        needed = Counter({self._config.data_dir: 0})
        for transfer in self._transfers.all():
            if transfer.is_running or transfer.waits_for_space:
                needed[transfer.path.parent] += transfer.missing
        return [
            _Look(f"disk {folder}", partial(mount_point.measure, folder, count))
            for folder, count in needed.items()
        ]


def _own(trackers: Sequence[TrackerMeasurements]) -> list[Check]:
    """Return the checks that need no waiting."""
    python = platform.python_version()
    checks = [health_checks.versions(python, _PROGRAM, libraries(), trackers, install_command)]
    files = descriptors()
    return [*checks, health_checks.descriptors(*files)] if files else checks
