"""A warm start behaves like the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.needs import require
from tests.support.network.namespace import private_network
from tests.support.ports import free_port
from tests.support.programs import warm
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
HERE = "tracker_info.txt"


def start(*command: str) -> warm.WarmProcess:
    """A program that has to start warm."""
    process = warm.start([sys.executable, "-m", *command])
    assert process is not None
    return process


def test_a_warm_process_is_in_the_network_of_its_starter(tmp_path: Path) -> None:
    require("ip", network=True)
    (tmp_path / HERE).write_text("127.0.0.1\n1\n")
    command = ("client", "127.0.0.1:0", str(tmp_path / HERE), "--data-dir")
    with (
        start(*command, str(tmp_path / "home")) as at_home,
        private_network(),
        start(*command, str(tmp_path / "away")) as away,
    ):
        wait_until(lambda: is_here(away), 20, "it to be in this network")
        assert not is_here(at_home)
    with start(*command, str(tmp_path / "back")) as back:
        wait_until(lambda: is_here(back), 20, "it to be in this network")


def is_here(process: warm.WarmProcess) -> bool:
    """Whether a process is in the network of this thread."""
    here, there = (Path(f"/proc/{which}/ns/net") for which in ("thread-self", process.pid))
    return here.readlink() == there.readlink()


@pytest.mark.parametrize(
    "command",
    [
        ("client", "--version"),
        ("client", "127.0.0.1:0", HERE, "-c", "whoami", "--json"),
        ("client", "127.0.0.1:0", "nowhere"),
        ("tracker", HERE, "2"),
    ],
)
def test_a_warm_process_prints_the_same(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / HERE).write_text("127.0.0.1\n1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with start(*command) as process:
        said = process.stdout.read(), process.stderr.read(), process.wait(20)
    cold = subprocess.run(
        [sys.executable, "-m", *command], check=False, capture_output=True, stdin=subprocess.DEVNULL
    )
    assert said == (cold.stdout, cold.stderr, cold.returncode)


def test_a_warm_process_runs_until_it_is_killed(tmp_path: Path) -> None:
    (tmp_path / HERE).write_text("127.0.0.1\n1\n")
    command = ("client", "127.0.0.1:0", str(tmp_path / HERE), "--data-dir", str(tmp_path))
    with start(*command) as process, start(*command[:-1], str(tmp_path / "other")) as other:
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.kill()
        assert process.wait(20) == process.poll() == -signal.SIGKILL
        process.terminate()  # it has exited: no other process gets the signal
        assert other.poll() is None


@pytest.mark.parametrize("command", [["true"], [sys.executable, "-m", "this"]])
def test_other_programs_are_not_forked(command: list[str]) -> None:
    assert warm.start(command) is None


def test_without_the_switch_no_program_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(warm.SWITCH)
    assert warm.start([sys.executable, "-m", "client"]) is None


_TESTS = """
import os, sys, time
from tests.support.programs import warm
os.environ[warm.SWITCH] = "1"
process = warm.start([sys.executable, "-m", *sys.argv[1:]])
assert process is not None
print(process.pid, flush=True)
time.sleep(3600)
"""
"""What tests do, in a process of their own."""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_warm_process_ends_with_the_tests(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / HERE).write_text(f"127.0.0.1\n{free_port()}\n")
    command = ("tracker", str(tmp_path / HERE), "1", "--data-dir", str(tmp_path))
    tests = subprocess.Popen(
        [sys.executable, "-c", _TESTS, *command], cwd=ROOT, stdout=subprocess.PIPE
    )
    with tests:
        assert tests.stdout is not None
        pid = int(tests.stdout.readline())
        try:
            assert is_running(pid)
            tests.send_signal(number)
            tests.wait(20)
            wait_until(lambda: not is_running(pid), 20, "the program to end")
        finally:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Whether there is a process with this ID that nobody has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
