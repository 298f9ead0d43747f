"""Scripts: answers in order, the wait at the end, exit statuses, and signals. A real process
runs each, on a session that is not real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from client.shell.output import Output
from client.shell.script import Script
from client.shell.terminal.keyboard import Keyboard
from client.shell.terminal.signals import Interrupts, Stopped
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.session import FakeSession
from tests.support.programs import warm
from tests.support.programs.lines import Lines

LIMIT = 30.0


@contextmanager
def client(folder: Path, *options: str, out: Any = None) -> Iterator[Any]:
    """`python -m client` on a fake session, with its three pipes, or with this output."""
    info = folder / "tracker_info.txt"
    info.write_text("127.0.0.1\n7400\n")
    command = [
        sys.executable,
        "-m",
        "tests.support.fakes.services.client",
        "127.0.0.1:7000",
        str(info),
    ]
    command += ["--data-dir", str(folder / "data"), *options]
    process = (warm.start(command) if out is None else None) or subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=out or subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def run(folder: Path, script: bytes, *options: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a whole script."""
    with client(folder, *options) as process:
        out, err = process.communicate(script, LIMIT)
        return process.returncode, out.decode(), err.decode()


def script(session: FakeSession, lines: Iterable[bytes], **options: Any) -> int:
    """The exit status of a script that runs in this process."""
    with Interrupts(ctrl_c_ends=True) as interrupts:
        output = Output(as_json=True)
        made = Script(session, output, interrupts, Keyboard())
        return made.run(lines, **options)


def test_answers_are_one_object_each_in_order(tmp_path: Path) -> None:
    lines = b"# first\n\nlogin ann x\r\nwhoami\nbogus\nlogin \xff x\nquit\nwhoami\n"
    status, out, err = run(tmp_path, lines, "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert [(a["command"], a["ok"]) for a in answers] == [
        ("login", True),
        ("whoami", True),
        ("bogus", False),
        ("login", False),
        ("quit", True),
    ]
    assert status == 1
    assert err == ""


def test_lines_as_programs_and_editors_write_them(tmp_path: Path) -> None:
    lines = b"\xef\xbb\xbflogin ann x\r\nwhoami\r\n\r\nwho\0ami\n\xff\xfe\n" + b"w" * (5 << 20)
    status, out, err = run(tmp_path, lines + b"\nwhoami", "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert [a["ok"] for a in answers] == [True, True, False, False, False, True]
    assert "longer than" in answers[4]["error"]["message"]
    assert len(out) < 5000
    assert (status, err) == (1, "")


def test_text_on_stdout_and_errors_on_stderr(tmp_path: Path) -> None:
    status, out, err = run(tmp_path, b"login ann x\nbogus\n")
    assert out == "Logged in as ann; groups: lab; sharing 3 files again\n"
    assert err == "error: There is no such command; help lists all commands.\n"
    assert status == 1


def test_only_the_commands_given_are_run(tmp_path: Path) -> None:
    status, out, _ = run(tmp_path, b"whoami\n", "--json", "-c", "login ann x", "-c", "whoami")
    assert [json.loads(line)["command"] for line in out.splitlines()] == ["login", "whoami"]
    assert status == 0


def test_lines_are_answered_as_they_arrive(tmp_path: Path) -> None:
    with client(tmp_path, "--json") as process:
        answers = Lines("stdout")
        answers.follow(process.stdout)
        for line in (b"login ann x\n", b"whoami\n"):
            process.stdin.write(line)
            process.stdin.flush()
            assert json.loads(answers.next(LIMIT) or "")["ok"]
        process.stdin.close()
        assert process.wait(LIMIT) == 0
        answers.finish()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_waiting_script_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with client(tmp_path, "--json") as process:
        process.stdin.write(b"login ann x\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(number)
        assert process.wait(LIMIT) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_with_stay_it_outlasts_the_script(tmp_path: Path, number: signal.Signals) -> None:
    with client(tmp_path, "--stay", "--json") as process:
        process.stdin.write(b"login ann x\n")
        process.stdin.close()
        assert process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(number)
        assert process.wait(LIMIT) == 0
        assert process.stderr.read() == b""


def test_quit_ends_stay(tmp_path: Path) -> None:
    with client(tmp_path, "--stay", "-c", "login ann x", "--json") as process:
        assert process.stdout.readline()
        process.stdin.write(b"whoami\n\nquit\n")
        process.stdin.flush()
        assert process.wait(LIMIT) == 0
        assert process.stdout.read() == b""
        assert process.stderr.read().count(b"only quit") == 1


def test_a_closed_stdout_ends_the_script(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with client(tmp_path, "--json", out=writer) as process:
        os.close(writer)
        _, err = process.communicate(b"login ann x\nwhoami\n", LIMIT)
        assert (process.returncode, err) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_unwritable_answers(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full, client(tmp_path, "--json", out=full) as process:
        _, err = process.communicate(b"whoami\n", LIMIT)
        assert process.returncode == 1
        assert err.startswith(b"error: Can't write answers")


def test_the_script_waits_for_downloads_at_the_end() -> None:
    session = FakeSession()
    assert script(session, [b"login ann x\n"]) == 0
    assert session.calls[-1] == ("wait", None)


def test_without_a_login_there_is_nothing_to_wait_for() -> None:
    session = FakeSession()
    assert script(session, [b"help\n"]) == 0
    assert session.calls == []


def test_after_quit_there_is_no_wait() -> None:
    session = FakeSession()
    assert script(session, [b"login ann x\n", b"exit\n", b"whoami\n"]) == 0
    assert session.calls == [("login", "ann", "x")]


def test_a_download_that_fails_makes_the_script_fail() -> None:
    session = FakeSession()
    session.failed = ["lab/film.mkv"]
    assert script(session, [b"login ann x\n"]) == 1


def test_a_download_that_failed_before_the_end_counts_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    session = FakeSession()

    def lines() -> Iterator[bytes]:
        yield b"login ann x\n"
        session.notices.notify("download_failed", "film.mkv failed: the disk is full.")

    assert script(session, lines()) == 1
    assert capsys.readouterr().err == "film.mkv failed: the disk is full.\n"


def test_hidden_notices_are_not_shown_but_count(capsys: pytest.CaptureFixture[str]) -> None:
    session = FakeSession()

    def lines() -> Iterator[bytes]:
        yield b"settings hidden_notices download_failed\n"
        session.notices.notify("download_failed", "film.mkv failed: the disk is full.")
        session.notices.notify("file_added", "bob shared notes.txt.")

    assert script(session, lines()) == 1
    assert capsys.readouterr().err == "bob shared notes.txt.\n"


def test_a_failed_wait_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    session = FakeSession()
    session.user = "ann"
    session.failure = MinitorrentError(ErrorCode.DISK_FULL, "The disk is full.")
    assert script(session, []) == 1
    assert capsys.readouterr().err == "error: The disk is full.\n"


def test_a_script_waits_for_a_remembered_login_and_its_downloads() -> None:
    session = FakeSession()
    session.user = "ann"
    assert script(session, []) == 0
    assert session.accounts.settled
    assert ("wait", None) in session.calls


def test_a_remembered_login_without_a_tracker() -> None:
    session = FakeSession()
    session.reached, session.resuming = False, "ann"
    assert script(session, []) == 3


@pytest.mark.parametrize(("reached", "status"), [(False, 3), (True, 1)])
def test_no_tracker_has_its_own_exit_status(reached: bool, status: int) -> None:
    session = FakeSession()
    session.failure = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "No tracker answers.")
    session.reached = reached
    assert script(session, [b"list_groups\n", b"bogus\n"]) == status


def test_other_failures_without_a_tracker_are_failures() -> None:
    session = FakeSession()
    session.reached = False
    assert script(session, [b"bogus\n"]) == 1


def test_a_signal_ends_a_running_wait() -> None:
    session = FakeSession()
    session.waits_for.clear()

    def lines() -> Iterator[bytes]:
        yield b"login ann x\n"
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        yield b"wait\n"
        yield b"whoami\n"

    before = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        assert script(session, lines()) == 1
    finally:
        signal.signal(signal.SIGALRM, before)
    assert session.calls[-1] == ("wait", None)


def test_commands_skipped_by_a_signal_count_as_failed() -> None:
    session = FakeSession()

    def lines() -> Iterator[bytes]:
        yield b"help\n"
        os.kill(os.getpid(), signal.SIGTERM)
        yield b"whoami\n"

    assert script(session, lines()) == 1


def test_signals_interrupt_only_where_it_is_safe() -> None:
    ended: list[bool] = []
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts(ctrl_c_ends=False) as interrupts:
        interrupts.on_end = lambda: ended.append(True)
        os.kill(os.getpid(), signal.SIGINT)
        assert (interrupts.stopped(), interrupts.ending) == (True, False)
        interrupts.forget_ctrl_c()
        assert not interrupts.stopped()
        with pytest.raises(Stopped), interrupts.interruptible():
            os.kill(os.getpid(), signal.SIGINT)
        assert ended == []
        os.kill(os.getpid(), signal.SIGTERM)
        assert (interrupts.stopped(), interrupts.ending) == (True, True)
        assert ended == [True]
        with pytest.raises(Stopped), interrupts.interruptible():
            raise AssertionError("the signal that came before is not forgotten")
    assert signal.getsignal(signal.SIGTERM) is before
