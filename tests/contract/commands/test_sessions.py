"""Logins as a user sees them: listed, ended, guessed at; and their traffic."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.content import make_file
from tests.support.network.recorder import Recorder
from tests.support.programs import warm
from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.waiting import wait_until

PASSWORD = "open sesame 4711"


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[TrackerProcess]:
    with TrackerProcess(tmp_path / "tracker") as process:
        yield process


@pytest.fixture
def ann(tracker: TrackerProcess, tmp_path: Path) -> Iterator[ClientProcess]:
    with ClientProcess(tmp_path / "ann", [tracker]) as process:
        process.sign_in("ann", PASSWORD)
        yield process


def test_a_session_can_be_ended_from_another(
    tracker: TrackerProcess, ann: ClientProcess, tmp_path: Path
) -> None:
    with ClientProcess(tmp_path / "laptop", [tracker]) as laptop:
        laptop.ok("login", "ann", PASSWORD)
        rows = ann.ok("sessions")["sessions"]
        assert [set(row) for row in rows] == [{"id", "address", "since", "current"}] * 2
        (other,) = [row["id"] for row in rows if not row["current"]]
        assert ann.ok("end_session", str(other)) == {"id": other}
        wait_until(lambda: not laptop.run("whoami")["ok"], 10, "the laptop to be logged out")
        laptop.fails("not_logged_in", "list_groups")
        ann.fails("usage", "end_session", str(other))


def test_ending_the_current_session_logs_out_at_once(ann: ClientProcess) -> None:
    for _ in range(5):
        (own,) = [row["id"] for row in ann.ok("sessions")["sessions"]]
        assert ann.ok("end_session", str(own)) == {"id": own}
        ann.fails("not_logged_in", "whoami")
        ann.ok("login", "ann", PASSWORD)
    assert ann.ok("create_group", "lab")["group"] == "lab"
    ann.terminate()  # it has written everything
    assert "Lost the connection" not in ann.story()


def test_a_new_password_logs_out_everywhere_else(
    tracker: TrackerProcess, ann: ClientProcess, tmp_path: Path
) -> None:
    with ClientProcess(tmp_path / "laptop", [tracker]) as laptop:
        laptop.ok("login", "ann", PASSWORD)
        assert ann.ok("passwd", PASSWORD, "another one") == {"user": "ann"}
        wait_until(lambda: not laptop.run("whoami")["ok"], 10, "the laptop to be logged out")
        laptop.fails("bad_credentials", "login", "ann", PASSWORD)
        assert ann.ok("whoami") == {"user": "ann"}


def test_the_audit_is_for_admins_only(
    tracker: TrackerProcess, ann: ClientProcess, tmp_path: Path
) -> None:
    ann.ok("create_group", "lab")
    with ClientProcess(tmp_path / "bob", [tracker]) as bob:
        bob.sign_in("bob")
        bob.join("lab", ann)
        bob.fails("not_admin", "audit", "lab")
    events = ann.ok("audit", "lab")["events"]
    assert all(set(event) == {"at", "who", "what", "subject", "address"} for event in events)
    acts = [(event["who"], event["what"], event["subject"]) for event in events]
    assert ("ann", "login", "ann") in acts
    assert ("ann", "request_accepted", "bob") in acts


def test_an_eavesdropper_learns_nothing(tracker: TrackerProcess, tmp_path: Path) -> None:
    with (
        Recorder(tracker.address) as wire,
        ClientProcess(tmp_path / "eva", [wire.address]) as eva,
    ):
        eva.sign_in("eva-the-first", PASSWORD)
        eva.ok("create_group", "secret-group")
        eva.ok("passwd", PASSWORD, "another open sesame")
        eva.ok("list_groups")
        recorded = wire.recorded
    assert len(recorded) > 1000
    for secret in (b"sesame", b"eva-the-first", b"secret-group", b"login", b"minitorrent", b'{"id'):
        assert secret not in recorded, secret


def test_no_secret_is_left_in_files_logs_or_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in a verbose log, not in state, not in the output of `ps`; and files are private."""
    monkeypatch.delenv(warm.SWITCH)  # or `ps` would show another command
    debug = ("--log-level", "debug")
    with (
        TrackerProcess(tmp_path / "tracker", *debug) as tracker,
        ClientProcess(tmp_path / "eva", [tracker], *debug) as eva,
        ClientProcess(tmp_path / "bob", [tracker], *debug) as bob,
    ):
        eva.sign_in("eva", PASSWORD)
        eva.fails("bad_credentials", "passwd", "wrong sesame", "another open sesame")
        eva.ok("passwd", PASSWORD, "another open sesame")
        eva.ok("create_group", "lab")
        content = make_file(tmp_path / "content", 100_000)
        eva.ok("upload_file", str(content), "lab")
        torrent = Path(eva.ok("share", str(content), str(tmp_path), "lab")["metainfo"])
        exported = [
            Path(path)
            for path in eva.ok("export_credentials", "lab", str(tmp_path / "x")).values()
            if str(path).endswith(".pem")
        ]
        bob.sign_in("bob", "bob's sesame")
        bob.join("lab", eva)
        bob.download("lab", content.name, tmp_path / "downloads")
        processes = (tracker, eva, bob)
        shown = [Path(f"/proc/{process.pid}/cmdline").read_bytes() for process in processes]
        environments = [Path(f"/proc/{process.pid}/environ").read_bytes() for process in processes]
        announced = re.findall(rb"/announce/([\w-]{16,})", torrent.read_bytes())
        with urllib.request.urlopen(
            f"http://{tracker.http}/announce/{announced[0].decode()}"
        ) as bad:
            assert b"failure reason" in bad.read()
        states = (tracker.folder, eva.folder / "state", bob.folder / "state")
        files = [path for folder in states for path in folder.rglob("*") if path.is_file()]
        modes = {path: path.stat().st_mode & 0o777 for path in [*files, *exported, torrent]}
        kept = b"".join(path.read_bytes() for path in files)
    assert announced
    assert len(exported) == 3
    public = {"tracker_info_1.txt"}  # the operator's own
    secret = {path: oct(mode) for path, mode in modes.items() if path.name not in public}
    names = {path.name for path in secret}
    assert {"tracker.pem", "authority.key", "tracker.db", "client.sqlite"} <= names
    assert {path: mode for path, mode in secret.items() if mode != "0o600"} == {}
    logs = "\n".join(line for process in processes for line in process.errors.all).encode()
    assert b"debug" in logs.lower()
    for place in (logs, kept, *shown, *environments):
        assert b"sesame" not in place
    for place in (logs, *shown, *environments):
        assert announced[0] not in place
        assert b"PRIVATE KEY" not in place
