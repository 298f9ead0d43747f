"""`doctor` through real clients: no problem, and each problem that a test can cause."""

from __future__ import annotations

import re
import resource
from pathlib import Path

from common.types import Endpoint
from tests.contract.sharing import share
from tests.support.disk import small_disk
from tests.support.network.namespace import private_network
from tests.support.ports import free_port
from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.waiting import wait_until
from tests.unit.client.net.fake_tracker import FakeTracker, greeting_at

MIB = 1 << 20


def checks(client: ClientProcess) -> dict[str, str]:
    """Return the passed checks, with empty hints, and the failed ones, with theirs."""
    found = client.ok("doctor")["checks"]
    assert all(row.keys() == {"name", "ok", "hint"} and row["hint"] for row in found)
    return {row["name"]: "" if row["ok"] else row["hint"] for row in found}


def is_certified(client: ClientProcess, group: str) -> bool:
    """Return whether it has a certificate, not only a pending request, which is fine, too."""
    rows = client.ok("doctor")["checks"]
    return any("Valid" in row["hint"] for row in rows if row["name"] == f"certificate {group}")


def test_doctor_finds_no_problem(
    ann: ClientProcess, tracker: TrackerProcess, shared: Path, group: str, nobody: ClientProcess
) -> None:
    wait_until(lambda: f"certificate {group}" in checks(ann), what="the certificate")
    wait_until(lambda: set(checks(ann).values()) == {""}, what="everything to be in order")
    found = checks(ann)
    expected = ["port", f"tracker {tracker.address}", "clock", f"certificate {group}"]
    expected += [f"disk {ann.folder / 'state'}", "versions", "open files"]
    assert [name for name in found if name in expected] == expected
    wait_until(lambda: set(checks(nobody).values()) == {""}, what="the same without a login")


def test_a_pending_certificate_is_not_reported_as_wrong(
    tracker: TrackerProcess, tmp_path: Path
) -> None:
    with ClientProcess(tmp_path / "fay", [tracker]) as fay:
        fay.sign_in("fay")
        fay.ok("create_group fresh")
        share(fay, "fresh", tmp_path / "file")
        assert checks(fay).get("certificate fresh", "") == ""
        wait_until(lambda: is_certified(fay, "fresh"), what="the certificate")


def test_unusable_trackers_before_login(tmp_path: Path) -> None:
    down = Endpoint("127.0.0.1", free_port())
    with (
        TrackerProcess(tmp_path / "tracker") as tracker,
        ClientProcess(tmp_path / "ann", [down, tracker.http, tracker]) as ann,
    ):
        wait_until(lambda: ann.ok("trackers")["trackers"][2]["current"], what="the tracker")
        found = checks(ann)
        assert "check that it runs" in found[f"tracker {down}"]
        assert "HTTP" in found[f"tracker {tracker.http}"]
        assert found[f"tracker {tracker.address}"] == found["clock"] == ""
        tracker.kill()
        (tracker.folder / "tracker.pem").unlink()
        tracker.start()
        hint = checks(ann)[f"tracker {tracker.address}"]
        assert hint.endswith(f"trackers --forget {tracker.address}")
        tracker.kill()
        found = checks(ann)
        assert "check that it runs" in found[f"tracker {tracker.address}"]
        assert "trackers first" in found["clock"]
        assert found["port"] == found["certificates"] == found["versions"] == ""


def test_a_wrong_clock(tmp_path: Path) -> None:
    with (
        FakeTracker(greeting_at(-7200)) as ahead,
        FakeTracker(greeting_at(0)) as right,
        ClientProcess(tmp_path / "ann", [ahead.address]) as ann,
        ClientProcess(tmp_path / "bob", [ahead.address, right.address]) as bob,
    ):
        assert re.search("clock is (2 h|1 h 59 min) behind", checks(ann)["clock"])
        assert f"that of {ahead.address}" in checks(bob)["clock"]


def test_a_certificate_that_cannot_be_renewed(tmp_path: Path) -> None:
    lifetime = ("--certificate-lifetime", "2")
    with (
        TrackerProcess(tmp_path / "tracker", *lifetime) as tracker,
        ClientProcess(tmp_path / "ann", [tracker]) as ann,
    ):
        ann.sign_in("ann")
        ann.ok("create_group lab")
        share(ann, "lab", tmp_path / "file")
        wait_until(lambda: is_certified(ann, "lab"), what="the certificate")
        tracker.kill()
        wait_until(lambda: "expired" in checks(ann)["certificate lab"], 20, "the expiry")


def test_full_disks_and_unwritable_folders(
    ann: ClientProcess, tracker: TrackerProcess, shared: Path, group: str, tmp_path: Path
) -> None:
    ann.ok("pause", group, shared.name)
    (tmp_path / "copies").symlink_to(tmp_path)
    with (
        small_disk(tmp_path / "small", 8 * MIB) as small,
        ClientProcess(small / "carl", [tracker]) as carl,
    ):
        carl.sign_in("carla")
        carl.join(group, ann)
        carl.ok("download_file", group, shared.name, f"{tmp_path}/copies/film.mkv")
        found = checks(carl)
        assert "free some space" in found[f"disk {small / 'carl' / 'state'}"]
        assert found[f"disk {tmp_path}/copies"] == ""
        (tmp_path / "copies").unlink()
        (tmp_path / "copies").symlink_to("/proc")
        assert "check the folder" in checks(carl)[f"disk {tmp_path}/copies"]


def test_a_port_that_only_this_machine_can_reach(tmp_path: Path) -> None:
    with private_network() as addresses:
        host = next(addresses)
        with (
            TrackerProcess(tmp_path / "tracker", host=host) as tracker,
            ClientProcess(tmp_path / "ann", [tracker]) as ann,
            ClientProcess(tmp_path / "eve", [tracker], host="0.0.0.0") as eve,
        ):
            assert "0.0.0.0" in checks(ann)["port"]
            (port, *_) = eve.ok("doctor")["checks"]
            assert f"This computer can reach you at {host}:{eve.address.port}" in port["hint"]
            eve.sign_in("eve")
            (port, *_) = eve.ok("doctor")["checks"]
            assert port["hint"] == f"The tracker reaches you at {host}:{eve.address.port}."


def test_too_few_open_files(tmp_path: Path) -> None:
    with ClientProcess(tmp_path / "ann", [Endpoint("127.0.0.1", free_port())]) as ann:
        assert checks(ann)["open files"] == ""
        resource.prlimit(ann.pid, resource.RLIMIT_NOFILE, (256, 256))
        assert "ulimit -n" in checks(ann)["open files"]
