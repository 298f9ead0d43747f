"""Logins that outlast the program: scripts and services that start again without a password."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sharing import share
from tests.support.programs.processes import ClientProcess, ManagedProcess, TrackerProcess, stopped
from tests.support.waiting import wait_until

LIMIT = 60.0


@pytest.fixture
def dora(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    """A client that remembers its login and has ended."""
    with ClientProcess(folder / "dora", [tracker]) as process:
        if not (folder / "dora" / "state" / "session.token").exists():
            process.ok("create_user dora secret123")
            process.ok("login dora secret123 --remember")
        process.terminate()
        yield process


def again(process: ClientProcess, *options: str) -> ManagedProcess:
    """The same client with other options."""
    command = [word for word in process.command if word not in ("--json", "--stay")]
    return ManagedProcess([*command, *options])


def run(process: ManagedProcess) -> tuple[int, list[dict[str, Any]]]:
    """Run a client without input until it exits; its status and answers."""
    with process:
        process.close_input()
        return process.wait(LIMIT), [json.loads(line) for line in process.output.all]


def test_a_service_shares_again_at_every_start(
    dora: ClientProcess, ann: ClientProcess, group: str, tmp_path: Path
) -> None:
    with dora:
        dora.join(group, ann)
        name = share(dora, group, tmp_path / "shared.bin").name

    def seeders() -> int:
        return int(ann.ok("list_files", group)["files"][0]["seeders"])

    service = again(dora, "--stay")
    for _ in range(3):
        wait_until(lambda: seeders() == 0, what="dora to be gone")
        with service:
            service.close_input()
            wait_until(lambda: seeders() == 1, LIMIT, "dora to share again")
            assert service.terminate() == 0
    assert ann.ok("list_files", group)["files"][0]["name"] == name


def test_scripts_need_no_login_but_may_log_in(dora: ClientProcess) -> None:
    commands = ("-c", "whoami", "-c", "login dora secret123", "-c", "login ann secret123")
    status, answers = run(again(dora, "--json", *commands))
    assert [answer["ok"] for answer in answers] == [True, True, False]
    assert answers[0]["result"] == {"user": "dora"}
    assert set(answers[1]["result"]) == {"user", "groups", "sharing"}
    assert answers[2]["error"]["code"] == "usage"
    assert status == 1
    assert run(again(dora)) == (0, [])


def test_the_token_is_neither_shown_nor_logged(dora: ClientProcess) -> None:
    kept = dora.folder / "state" / "session.token"
    assert kept.stat().st_mode & 0o777 == 0o600
    token = json.loads(kept.read_text())["token"]
    loud = again(dora, "--log-level", "debug", "--stay")
    with loud:
        loud.send("whoami")
        assert loud.output.next(LIMIT) == "dora"
        process = Path(f"/proc/{loud.pid}")
        assert token not in (process / "cmdline").read_text()
        assert token.encode() not in (process / "environ").read_bytes()
        loud.terminate()
    assert token not in "\n".join(loud.output.all + loud.errors.all)
    database = (dora.folder / "state" / "client.sqlite").read_bytes()
    assert token.encode() not in database


def test_without_a_tracker_a_remembered_login_stays(tmp_path: Path) -> None:
    with (
        TrackerProcess(tmp_path / "tracker") as tracker,
        ClientProcess(tmp_path / "fred", [tracker]) as fred,
    ):
        fred.ok("create_user fred secret123")
        fred.ok("login fred secret123 --remember")
        with stopped(tracker.pid):
            assert fred.terminate(timeout=15.0) == 0, "nothing waits for a tracker"
        tracker.terminate()
        status, answers = run(again(fred, "--json", "-c", "whoami"))
        assert answers[0]["error"]["code"] == "tracker_unreachable"
        assert status == 3
        with fred:
            tracker.start()
            wait_until(lambda: fred.run("whoami")["ok"], LIMIT, "fred to be logged in")
            fred.ok("logout")
        assert run(again(fred, "--json", "-c", "whoami"))[0] == 1
