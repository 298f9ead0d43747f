"""Closed, full or unread standard streams: no traceback, and the right exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.types import Endpoint
from tests.support.ports import free_port
from tests.support.programs.processes import ClientProcess, TrackerProcess, write_tracker_info
from tests.support.waiting import wait_until

soak = pytest.mark.soak
"""Such streams need a newly started program: the relevant half is enough."""

REDIRECTIONS = [
    (">&-", 0),
    pytest.param("2>&-", 0, marks=soak),
    pytest.param("<&-", 0, marks=soak),
    ("<&- >&- 2>&-", 0),
    (">/dev/full", 1),
    pytest.param("2>/dev/full", 0, marks=soak),
    (">/dev/full 2>/dev/full", 1),
]
SERVING = [
    ">&-",
    pytest.param("2>&-", marks=soak),
    "<&- >&- 2>&-",
    pytest.param(">/dev/full", marks=soak),
    pytest.param("2>/dev/full", marks=soak),
    "2>&1 | head -1",
]


def client(folder: Path, *options: str) -> str:
    """The client's command, for a shell."""
    info = write_tracker_info(folder / "tracker_info.txt", [Endpoint("127.0.0.1", free_port())])
    listen = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "client", listen, str(info), "--data-dir", str(folder / "d")]
    return " ".join(map(repr, [*command, *options]))


def shell(command: str) -> tuple[int, str]:
    """Return the status and all output."""
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("redirection", "status"), REDIRECTIONS)
def test_a_client(tmp_path: Path, redirection: str, status: int) -> None:
    command = client(tmp_path, "-c", "help", "-c", "help login", "--json")
    found, printed = shell(f"{command} {redirection}")
    assert found == status, printed
    assert "Traceback" not in printed
    assert "Exception ignored" not in printed


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", ">/dev/full", "2>/dev/full"])
@pytest.mark.parametrize("program", ["client", "tracker"])
def test_usage_and_help(tmp_path: Path, redirection: str, program: str) -> None:
    for options, status in (("--help", 0), ("--version", 0), ("--nonsense", 2)):
        found, printed = shell(f"{sys.executable} -m {program} {options} {redirection}")
        assert found == status or "/dev/full" in redirection, printed
        assert "Traceback" not in printed


def test_a_reader_that_closes_its_end(tmp_path: Path) -> None:
    many = [part for _ in range(50) for part in ("-c", "help")]
    found, printed = shell(f"set -o pipefail; {client(tmp_path, *many)} | head -1")
    assert (found, printed) == (0, "Accounts\n")


@pytest.mark.parametrize("redirection", SERVING)
def test_a_tracker_keeps_serving_without_streams(tmp_path: Path, redirection: str) -> None:
    tracker = TrackerProcess(tmp_path / "tracker", "--log-level", "debug")
    command = " ".join(map(repr, tracker.command))
    process = subprocess.Popen(
        ["bash", "-c", f"{command} {redirection}"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with process, ClientProcess(tmp_path / "ann", [tracker]) as ann:
        try:
            wait_until(lambda: ann.run("create_user ann secret123")["ok"], 60, "the tracker")
            ann.ok("login ann secret123")
            ann.ok("create_group lab")
        finally:
            os.killpg(process.pid, signal.SIGTERM)
        printed = b"".join(part or b"" for part in process.communicate(timeout=30))
    assert b"Traceback" not in printed


def ignores(pid: int, number: signal.Signals) -> bool:
    """Return whether the process ignores this signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(status.split("SigIgn:")[1].split()[0], 16) >> number - 1 & 1)


@pytest.fixture
def hang_up_ends() -> Iterator[None]:
    """A program that is started now isn't told to ignore SIGHUP, even if these tests are."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hang_up_ends")
@pytest.mark.parametrize("program", ["client", "tracker"])
@pytest.mark.parametrize("nohup", [False, True])
def test_a_lost_terminal(tmp_path: Path, program: str, nohup: bool) -> None:
    """It ends cleanly, unless it was started to outlive its terminal."""
    if program == "tracker":
        command = " ".join(map(repr, TrackerProcess(tmp_path / "tracker").command))
    else:
        command = client(tmp_path, "--stay", "-c", "help")
    trap = "trap '' HUP;" if nohup else ""
    with subprocess.Popen(
        ["bash", "-c", f"{trap} exec {command}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        if nohup:
            assert ignores(process.pid, signal.SIGHUP)
            process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in errors
