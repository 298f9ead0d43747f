"""What the measurements for `doctor` mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.health import health_checks
from client.core.health.diagnosis import TOLERATED_SKEW
from client.core.health.health_checks import Check
from client.core.health.measurements import (
    CertificateMeasurements,
    DiskMeasurements,
    Library,
    MappedPort,
    PortMapping,
    PortMeasurements,
    Reach,
    TrackerMeasurements,
    TrackerProblem,
)

NOW = 1_800_000_000.0
GIB = 1 << 30


def answering(address: str = "a:1", off: float | None = 0.0, **more: Any) -> TrackerMeasurements:
    """A tracker in order, whose clock this machine's is ahead of by `off` seconds."""
    measured = TrackerMeasurements(
        address=address,
        trusted="AB",
        shown="AB",
        server="minitorrent 0.1.0",
        seconds=0.0125,
        clock_difference=off,
    )
    return replace(measured, **more)


def wrong(check: Check, *words: str) -> None:
    """It is not in order, and its hint has these words."""
    assert not check.ok, check
    assert all(word in check.hint for word in words), check


def right(check: Check, *words: str) -> None:
    """It is in order, and its hint has these words."""
    assert check.ok, check
    assert all(word in check.hint for word in words), check


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PortMapping.OFF, ["Not used"]),
        (PortMapping.SEARCHING, ["again in a moment"]),
        (PortMapping.NONE, ["UPnP", "forward the port"]),
        (PortMapping.MAPPED, ["45.80.0.1:7000", "UPnP"]),
        (PortMapping.BEHIND_ANOTHER, ["45.80.0.1:7000", "behind another router"]),
    ],
)
def test_port_mappings(state: PortMapping, words: list[str]) -> None:
    found = MappedPort(state, "UPnP", "45.80.0.1", 7000)
    right(health_checks.port_mapping(found), *words)
    assert found.is_mapped is (state is PortMapping.MAPPED)


@pytest.mark.parametrize("is_local", [False, True])
@pytest.mark.parametrize("all_local", [False, True])
@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("by_tracker", [False, True])
def test_ports(is_local: bool, all_local: bool, reach: Reach, by_tracker: bool) -> None:
    measured = PortMeasurements("10.0.0.1:6001", 6001, is_local, all_local, reach, by_tracker)
    check = health_checks.port(measured)
    assert check.ok is (reach is Reach.HERE and (all_local or not is_local))
    if is_local and not all_local:
        wrong(check, "start the client", "0.0.0.0:6001")
    elif reach is not Reach.HERE:
        words = {Reach.ELSEWHERE: "Another program answers", Reach.REFUSED: "was refused"}
        wrong(check, "10.0.0.1:6001", "router", words.get(reach, "got no answer"))
        assert ("with the tracker's help" in check.hint) == by_tracker
    assert ("racker" in check.hint) or not by_tracker or (is_local and not all_local)


def test_a_working_tracker() -> None:
    check = health_checks.tracker(answering())
    right(check, "12 ms", "trusted one")
    assert check.name == "tracker a:1"
    right(health_checks.tracker(answering(seconds=2.0)), "2000 ms", "slow")
    right(health_checks.tracker(answering(trusted=None, shown="CD")), "at first use (CD)")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (TrackerProblem.UNREACHABLE, ["for a reason", "check that it runs"]),
        (TrackerProblem.FOREIGN, ["for a reason", "HTTP"]),
        (TrackerProblem.UNTRUSTED, ["XY", "AB", "trackers --forget a:1"]),
        (TrackerProblem.SILENT, ["does not answer"]),
    ],
)
def test_a_failing_tracker(problem: TrackerProblem, words: list[str]) -> None:
    measured = TrackerMeasurements(
        address="a:1", problem=problem, reason="for a reason", trusted="AB", shown="XY"
    )
    wrong(health_checks.tracker(measured), *words)


def test_the_clock_agrees() -> None:
    right(health_checks.clock([answering()], NOW), "less than a second off the trackers'")
    clock = health_checks.clock([answering(off=-30.0), answering("b:2", off=59.0)], NOW)
    right(clock, "30 s behind the trackers'")


def test_the_clock_is_wrong() -> None:
    wrong(health_checks.clock([answering(off=7200.0)], NOW), "2 h ahead of", "Set it right")
    wrong(
        health_checks.clock([answering(off=-300.0), answering("b:2", -1e6)], NOW),
        "5 min behind",
    )


def test_one_tracker_has_a_wrong_clock() -> None:
    clock = health_checks.clock([answering(), answering("b:2", 864_000.0)], NOW)
    wrong(clock, "10 d ahead of that of b:2", "operator")


def test_an_unknown_clock() -> None:
    failed = TrackerMeasurements(address="a:1", problem=TrackerProblem.UNREACHABLE)
    for trackers in ([], [failed]):
        wrong(health_checks.clock(trackers, NOW), "nothing to compare it with")


def test_without_tracker_time_certificates_judge_the_clock() -> None:
    old = answering(off=None, certified_since=NOW - 1000)
    right(health_checks.clock([old, answering(off=None)], NOW), "Looks right")
    new = answering(off=None, certified_since=NOW + 1000)
    wrong(health_checks.clock([old, new], NOW), "at least 16 min 40 s behind")


@given(st.floats(-1e9, 1e9))
def test_a_clock_within_tolerance_is_right(off: float) -> None:
    assert health_checks.clock([answering(off=off)], NOW).ok is (abs(off) <= TOLERATED_SKEW)


def test_certificates() -> None:
    (none,) = health_checks.certificates([], None)
    right(none, "before login")
    (none,) = health_checks.certificates([], "ann")
    right(none, "No transfer")
    held = [
        CertificateMeasurements("lab", 40_000.0),
        CertificateMeasurements("x", None, failed=True),
    ]
    valid, missing = health_checks.certificates(held, "ann")
    assert valid.name == "certificate lab"
    right(valid, "11 h")
    wrong(missing, "none yet")
    (expired,) = health_checks.certificates([CertificateMeasurements("lab", -90.0)], "ann")
    wrong(expired, "1 min 30 s ago", "clock")


def disk(free: int, needed: int, error: str | None = None) -> Check:
    measured = [
        DiskMeasurements("/a", 1, free, needed, error),
        DiskMeasurements("/b", 1, free, 0, None),
    ]
    other = DiskMeasurements("/c", 2, free, 1 << 50, None)
    return health_checks.disk(health_checks.needed_on([*measured, other]), measured[error is None])


def test_disks() -> None:
    right(disk(5 * GIB, 2 * GIB), "5.0 GiB free, 2.0 GiB needed")
    wrong(disk(5 * GIB, 6 * GIB), "need 6.0 GiB, 5.0 GiB free")
    wrong(disk(50 << 20, 300), "Only 50.0 MiB free")
    wrong(disk(5000, 300), "4.9 KiB")
    wrong(disk(0, 300), "need 300 B, 0 B free")
    wrong(disk(5 * GIB, 0, "Read-only file system"), "Read-only file system")


def libraries(found: str | None) -> Check:
    library = [Library("pydantic", "2.10", found)]
    return health_checks.versions(
        "3.11.7", "minitorrent 0.1.0", library, [answering()], "install {}".format
    )


@pytest.mark.parametrize("found", ["2.10", "2.10.0rc1", "2.12.5", "3"])
def test_libraries_that_are_new_enough(found: str) -> None:
    assert libraries(found) == Check("versions", True, "minitorrent 0.1.0, Python 3.11.7.")


@pytest.mark.parametrize("found", [None, "2.9", "2", "unknown"])
def test_libraries_that_are_too_old(found: str | None) -> None:
    wrong(libraries(found), "type: install pydantic>=2.10", found or "missing")


def test_trackers_of_another_version_are_reported() -> None:
    other = [answering(server="minitorrent 0.7.0"), answering(server="")]
    check = health_checks.versions("3.11", "minitorrent 0.1.0", [], other, "install {}".format)
    right(check, "minitorrent 0.7.0")


def test_open_files() -> None:
    right(health_checks.descriptors(1024, 20), "20 of 1024")
    right(health_checks.descriptors(4096, 3800), "3800 of 4096")
    wrong(health_checks.descriptors(256, 20), "ulimit -n 4096")
    wrong(health_checks.descriptors(4096, 4000), "ulimit -n 8192")


def test_checks_without_a_result() -> None:
    wrong(health_checks.timed_out("disk /a", 15), "15 s")
    wrong(health_checks.crashed("disk /a"), "report")


def test_a_pending_certificate_is_not_a_problem() -> None:
    (asking,) = health_checks.certificates([CertificateMeasurements("lab", None)], "ann")
    right(asking, "being requested")
