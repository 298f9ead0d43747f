"""Notices between people at two trackers of one database, all real processes."""

from __future__ import annotations

from pathlib import Path

from tests.support.content import make_file
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until


def wait_for_notice(client: ClientProcess, text: str) -> None:
    wait_until(lambda: any(text in line for line in client.errors.all), what=text)


def test_notices_across_trackers(tmp_path: Path) -> None:
    with Lab(tmp_path) as lab:
        ann = lab.member("ann")
        lab.trackers = [lab.second_tracker()]
        bob = lab.outsider("bob")
        bob.ok("join_group", GROUP)
        wait_for_notice(ann, "bob asks to join lab.")
        ann.ok("accept_request", GROUP, "bob")
        wait_for_notice(bob, "ann let you into lab.")
        ann.ok("upload_file", str(make_file(tmp_path / "film.mkv", 100_000)), GROUP)
        wait_for_notice(bob, "ann shares film.mkv in lab.")
        bob.download(GROUP, "film.mkv", tmp_path / "downloads")
        wait_for_notice(ann, "bob has finished downloading film.mkv of lab.")

        bob.ok("logout")
        ann.ok("upload_file", str(make_file(tmp_path / "song.ogg", 10)), GROUP)
        bob.ok("login bob secret123")
        wait_for_notice(bob, "You missed 1 notice; type: notices")
        found = bob.ok("notices")["notices"]
        assert [(row["kind"], row["group"]) for row in found] == [
            ("request_accepted", "lab"),
            ("file_added", "lab"),
            ("file_added", "lab"),
        ]
        assert found[-1]["text"] == "ann shares song.ogg in lab."
        assert set(found[-1]) == {"at", "kind", "group", "text"}


def test_a_remotely_ended_session_gets_one_notice(tmp_path: Path) -> None:
    with Lab(tmp_path) as lab:
        ann, other = lab.member("ann"), ClientProcess(tmp_path / "other", lab.trackers)
        with other:
            other.ok("login ann secret123")
            number = next(s["id"] for s in ann.ok("sessions")["sessions"] if not s["current"])
            ann.ok("end_session", str(number))
            wait_for_notice(other, "ann is logged out")
            lines = [line for line in other.errors.all if "tracker" in line.lower()]
            assert not [line for line in lines if "Lost" in line or "Connected to" in line]
