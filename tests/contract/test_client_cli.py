"""The client as a program: exit statuses, its ways to end, `-c`, `--stay`, signals, refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.types import Endpoint
from tests.support.ports import free_port
from tests.support.processes import (
    ClientProcess,
    TrackerProcess,
    write_tracker_info,
)
from tests.support.waiting import wait_until

LIMIT = 60.0


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackerProcess]:
    with TrackerProcess(tmp_path_factory.mktemp("tracker")) as process:
        yield process


def client(
    folder: Path, trackers: list[Endpoint], *options: str, script: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run a client to its end on a script."""
    info = write_tracker_info(folder / "tracker_info.txt", trackers)
    command = [sys.executable, "-m", "client", f"127.0.0.1:{free_port()}", str(info)]
    return subprocess.run(
        [*command, "--data-dir", str(folder / "state"), *options],
        input=script,
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )


def answers(output: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_whole_script(tracker: TrackerProcess, tmp_path: Path) -> None:
    script = b"""
# An account of its own
create_user scripted secret123
login scripted 'secret123'   # quoted
create_group "scripted.group"
list_groups
"""
    ended = client(tmp_path, [tracker.address], "--json", script=script)
    assert [(a["command"], a["ok"]) for a in answers(ended.stdout)] == [
        ("create_user", True),
        ("login", True),
        ("create_group", True),
        ("list_groups", True),
    ]
    assert ended.returncode == 0
    assert b"is trusted from now on" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_status_1_when_a_command_failed_and_the_rest_runs(
    tracker: TrackerProcess, tmp_path: Path
) -> None:
    ended = client(tmp_path, [tracker.address], "--json", script=b"whoami\nhelp\n")
    assert [a["ok"] for a in answers(ended.stdout)] == [False, True]
    assert ended.returncode == 1


@pytest.mark.parametrize("word", [b"quit", b"exit"])
def test_quit_ends_it_at_once(tracker: TrackerProcess, tmp_path: Path, word: bytes) -> None:
    ended = client(tmp_path, [tracker.address], "--json", "--stay", script=word + b"\nbogus\n")
    assert answers(ended.stdout) == [{"command": word.decode(), "ok": True, "result": {}}]
    assert ended.returncode == 0


def test_commands_of_the_command_line(tracker: TrackerProcess, tmp_path: Path) -> None:
    commands = ["-c", "create_user oneshot secret123", "-c", "login oneshot secret123"]
    ended = client(tmp_path, [tracker.address], *commands, script=b"bogus\n")
    assert ended.returncode == 0
    assert ended.stdout.decode().splitlines() == [
        "Account oneshot is made; next: login oneshot",
        "Logged in as oneshot; in no group yet (create_group or join_group)",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["127.0.0.1:0"],
        ["nonsense", "INFO"],
        ["127.0.0.1:0", "/no/such/file"],
        ["127.0.0.1:0", "BAD"],
        ["127.0.0.1:0", "INFO", "--no-such-option"],
    ],
)
def test_status_2_and_one_line_for_bad_usage(tmp_path: Path, arguments: list[str]) -> None:
    info = write_tracker_info(tmp_path / "info.txt", [Endpoint("127.0.0.1", 7400)])
    (tmp_path / "bad.txt").write_text("not a host name!\n7400\n")
    files = {"INFO": str(info), "BAD": str(tmp_path / "bad.txt")}
    ended = subprocess.run(
        [sys.executable, "-m", "client", *(files.get(word, word) for word in arguments)],
        input=b"",
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == b""
    assert ended.stderr.count(b"\n") == 1


def test_status_3_when_no_tracker_can_be_reached(tmp_path: Path) -> None:
    nobody = [Endpoint("127.0.0.1", free_port()), Endpoint("127.0.0.1", free_port())]
    ended = client(tmp_path, nobody, "--json", "-c", "login ann secret123", "-c", "bogus")
    assert [a["error"]["code"] for a in answers(ended.stdout)] == ["tracker_unreachable", "usage"]
    assert ended.returncode == 3


def test_status_1_and_one_line_when_the_port_is_in_use(
    tracker: TrackerProcess, tmp_path: Path
) -> None:
    info = write_tracker_info(tmp_path / "info.txt", [tracker.address])
    command = [sys.executable, "-m", "client", str(tracker.address), str(info)]
    ended = subprocess.run(
        [*command, "--data-dir", str(tmp_path / "state"), "-c", "help"],
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.count(b"\n") == 1
    assert str(tracker.address.port).encode() in ended.stderr


def test_a_second_client_on_the_same_folder_is_refused(
    tracker: TrackerProcess, tmp_path: Path
) -> None:
    with ClientProcess(tmp_path, [tracker]) as first:
        first.ok("help")
        ended = client(tmp_path, [tracker.address], "-c", "help")
        assert ended.returncode == 1
        assert ended.stderr.count(b"\n") == 1
        assert b"Another client" in ended.stderr
        first.ok("help")


def test_the_end_of_the_script_waits_for_downloads(tracker: TrackerProcess, tmp_path: Path) -> None:
    with ClientProcess(tmp_path / "seeder", [tracker]) as seeder:
        seeder.sign_in("seeder")
        seeder.ok("create_group waiting")
        content = tmp_path / "content.bin"
        content.write_bytes(bytes(range(256)) * 40_000)
        seeder.ok("upload_file", str(content), "waiting")
        folder = tmp_path / "leecher"
        folder.mkdir()
        first = client(
            folder,
            [tracker.address],
            script=b"create_user waiter secret123\nlogin waiter secret123\njoin_group waiting\n",
        )
        assert first.returncode == 0, first.stderr
        seeder.ok("accept_request waiting waiter")
        script = f"login waiter secret123\ndownload_file waiting content.bin '{folder}/'\n"
        ended = client(folder, [tracker.address], "--json", script=script.encode())
        assert ended.returncode == 0, ended.stderr
        assert [a["command"] for a in answers(ended.stdout)] == ["login", "download_file"]
        assert (folder / "content.bin").read_bytes() == content.read_bytes()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_staying(
    tracker: TrackerProcess, tmp_path: Path, number: signal.Signals
) -> None:
    with ClientProcess(tmp_path, [tracker]) as process:
        process.ok("help")
        wait_until(lambda: process.errors.all, 10, "the notice of the certificate")
        process.close_input()
        with pytest.raises(AssertionError, match="did not end"):
            process.wait(0.5)
        os.kill(process.pid, number)
        assert process.wait() == 0
        (notice,) = process.errors.all
        assert notice.endswith("; it is trusted from now on.")


def test_a_client_that_was_told_to_stay_answers_until_the_end(
    tracker: TrackerProcess, tmp_path: Path
) -> None:
    with ClientProcess(tmp_path, [tracker]) as process:
        for _ in range(3):
            process.ok("help")
        assert process.ok("quit") == {}
        assert process.wait() == 0


def test_state_is_kept_over_a_quit(tracker: TrackerProcess, tmp_path: Path) -> None:
    content = tmp_path / "kept.bin"
    content.write_bytes(b"kept" * 1000)
    for expected in (0, 1):
        with ClientProcess(tmp_path, [tracker]) as process:
            if expected == 0:
                process.ok("create_user keeper secret123")
            assert process.ok("login keeper secret123")["sharing"] == expected
            if expected == 0:
                process.ok("create_group kept")
                process.ok("upload_file", str(content), "kept")
            process.send("quit")
            assert process.wait() == 0


def test_a_terminal_that_hangs_up_is_no_traceback(tracker: TrackerProcess, tmp_path: Path) -> None:
    with ClientProcess(tmp_path, [tracker]) as process:
        process.ok("help")
        wait_until(lambda: process.errors.all, 10, "the notice of the certificate")
        os.kill(process.pid, signal.SIGHUP)
        assert process.wait() == 0
        (notice,) = process.errors.all
        assert notice.endswith("; it is trusted from now on.")
