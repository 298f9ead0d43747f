"""The harness itself: its failure messages matter as much as its successes."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from common.types import Endpoint
from tests.support.content import make_file, make_sparse_file, make_tree, sha256
from tests.support.ports import free_port
from tests.support.programs.processes import ManagedProcess, stopped, write_tracker_info
from tests.support.waiting import wait_until

ECHO = "import sys\nfor line in sys.stdin: print('heard', line.strip(), flush=True)"


def test_wait_until_returns_the_conditions_value() -> None:
    answers = iter([0, 0, 7])
    assert wait_until(lambda: next(answers), 5, interval=0) == 7


def test_wait_until_names_the_unmet_condition() -> None:
    with pytest.raises(AssertionError, match=r"waited 0 s for rain; last answer: \[\]"):
        wait_until(list, 0, "rain")


def test_ports_are_distinct_and_can_be_listened_on() -> None:
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20
    with socket.create_server(("127.0.0.1", ports[0])):
        pass


def test_a_program_that_is_not_ready_in_time_is_ended() -> None:
    class Late(ManagedProcess):
        def start(self) -> None:
            super().start()
            raise AssertionError("not ready")

    process = Late([sys.executable, "-c", ECHO])
    with pytest.raises(AssertionError, match="not ready"):
        process.__enter__()
    assert not process.is_running


def test_content_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    one = make_file(tmp_path / "a" / "one", 2_500_000, seed=5)
    same = make_file(tmp_path / "same", 2_500_000, seed=5)
    other = make_file(tmp_path / "other", 2_500_000, seed=6)
    assert one.stat().st_size == 2_500_000
    assert sha256(one) == sha256(same) != sha256(other)


@pytest.mark.parametrize("size", [0, 1, 1500, 50_000_000])
def test_sparse_files_have_their_size(tmp_path: Path, size: int) -> None:
    path = make_sparse_file(tmp_path / "sparse", size)
    assert path.stat().st_size == size
    assert path.stat().st_blocks * 512 < 1_000_000


def test_folders_differ_by_name_and_by_content(tmp_path: Path) -> None:
    sizes = {"x/one": 10, "two": 0}
    tree = make_tree(tmp_path / "tree", sizes)
    assert sha256(tree) == sha256(make_tree(tmp_path / "same", sizes))
    assert sha256(tree) != sha256(make_tree(tmp_path / "renamed", {"x/uno": 10, "two": 0}))
    assert sha256(tree) != sha256(make_tree(tmp_path / "changed", sizes, seed=2))


def test_a_process_answers_line_by_line_and_starts_again() -> None:
    with ManagedProcess([sys.executable, "-c", ECHO]) as process:
        process.send("one")
        assert process.output.next(10) == "heard one"
        process.kill()
        assert not process.is_running
        process.start()
        process.send("two")
        assert process.output.next(10) == "heard two"
        process.close_input()
        assert process.wait() == 0
    assert process.output.all == ["heard one", "heard two"]


def test_an_ended_process_returns_no_line_at_once() -> None:
    with ManagedProcess([sys.executable, "-c", "print('only')"]) as process:
        assert process.output.next(10) == "only"
        assert process.output.next(60) is None
        assert process.wait() == 0


def test_a_process_that_does_not_stop_is_reported_with_its_output() -> None:
    with ManagedProcess([sys.executable, "-c", ECHO]) as process:
        process.send("one")
        process.output.next(10)
        with pytest.raises(AssertionError, match=r"did not end in 0\.1 s\n(.*\n)*heard one"):
            process.wait(0.1)


def test_tracker_info_has_an_address_and_a_port_for_each(tmp_path: Path) -> None:
    path = write_tracker_info(tmp_path / "info", [Endpoint("::1", 1), Endpoint("host", 2)])
    assert path.read_text().split() == ["::1", "1", "host", "2"]


def test_who_ends_meanwhile_leaves_nobody_stopped() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        with stopped(sleeper.pid, ended.pid):
            wait_until(lambda: _state(sleeper.pid) == "T", 5, "it to stop")
        wait_until(lambda: _state(sleeper.pid) != "T", 5, "it to go on")
        sleeper.send_signal(signal.SIGKILL)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
