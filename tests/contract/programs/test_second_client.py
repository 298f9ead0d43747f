"""Commands for a data folder on which a client runs already: that client carries them out."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.programs.processes import ClientProcess, Ended, ManagedProcess, TrackerProcess
from tests.support.programs.terminal import Terminal
from tests.support.waiting import wait_until

LIMIT = 60.0


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackerProcess]:
    with TrackerProcess(tmp_path_factory.mktemp("tracker")) as process:
        yield process


@pytest.fixture(scope="module")
def running(
    tracker: TrackerProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClientProcess]:
    """Ann's client, which has a download that no peer can complete."""
    folder = tmp_path_factory.mktemp("running")
    with ClientProcess(folder / "ann", [tracker]) as ann:
        ann.sign_in("ann")
        ann.ok("create_group lab")
        with ClientProcess(folder / "bob", [tracker]) as bob:
            bob.sign_in("bob")
            bob.join("lab", ann)
            ghost = folder / "ghost.bin"
            ghost.write_bytes(os.urandom(100_000))
            bob.ok("upload_file", str(ghost), "lab")
            bob.ok("pause lab ghost.bin")
        ann.ok("download_file", "lab", "ghost.bin", f"{folder}/ann/")
        yield ann


@contextmanager
def second(first: ClientProcess, *options: str) -> Iterator[ManagedProcess]:
    """A second client with the same arguments as the first one."""
    info = str(first.folder / "tracker_info.txt")
    state = ("--data-dir", str(first.folder / "state"))
    command = [sys.executable, "-m", "client", str(first.address), info, *state, *options]
    with ManagedProcess(command) as process:
        yield process


def run(first: ClientProcess, *options: str, script: str = "") -> Ended:
    """Run a second client until it exits."""
    with second(first, *options) as process:
        return process.finish(*script.splitlines())


def test_answers_are_the_same_in_the_same_order(running: ClientProcess) -> None:
    socket = running.folder / "state" / "client.socket"
    assert stat.S_IMODE(socket.lstat().st_mode) == 0o600
    assert run(running, "-c", "whoami") == Ended(0, ["ann"], [])
    script = "whoami # who\n\nbogus\nlist_groups\nquit\nwhoami"
    ended = run(running, "--json", script=script)
    assert ended.answers == [
        running.run("whoami"),
        running.run("bogus"),
        running.run("list_groups"),
        {"command": "quit", "ok": True, "result": {}},
    ]
    assert (ended.status, ended.errors) == (1, [])
    ended = run(running, "-c", "bogus", "-c", "whoami", "-c", "quit")
    assert ended == Ended(1, ["ann"], ["error: There is no such command; help lists all commands."])
    assert running.ok("whoami") == {"user": "ann"}


def test_each_answer_comes_before_the_next_line(running: ClientProcess) -> None:
    with second(running, "--json") as other:
        for command in ("whoami", "show_shares"):
            other.send(command)
            answer = other.output.next(LIMIT)
            assert answer is not None
            assert json.loads(answer)["command"] == command


def test_folder_and_group_in_use_are_the_callers_own(
    running: ClientProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.ok("create_group own")
    running.ok("use_group lab")
    monkeypatch.chdir(tmp_path)
    for name in ("film.bin", "more1.bin", "more2.bin"):
        Path(name).write_bytes(name.encode() * 1000)
    script = "use_group own\nput film.bin\nshare film.bin film.torrent\nput more*.bin own\nls"
    ended = run(running, "--json", script=script)
    assert ended.status == 0, ended
    assert ended.answers[2]["result"]["metainfo"] == str(tmp_path / "film.torrent")
    assert [row["name"] for row in ended.answers[4]["result"]["files"]] == [
        "film.bin",
        "more1.bin",
        "more2.bin",
    ]
    assert running.ok("show_shares")["shares"][0]["path"] == str(tmp_path / "film.bin")
    assert running.ok("list_files")["group"] == "lab"


def test_a_script_waits_for_what_it_downloads_itself(
    tracker: TrackerProcess, running: ClientProcess, tmp_path: Path
) -> None:
    with ClientProcess(tmp_path / "eve", [tracker]) as eve:
        eve.sign_in("eve")
        eve.join("lab", running)
        content = os.urandom(300_000)
        (tmp_path / "eve.bin").write_bytes(content)
        eve.ok("upload_file", str(tmp_path / "eve.bin"), "lab")
        wanted = tmp_path / "wanted.bin"
        ended = run(running, "-c", f"download_file lab eve.bin '{wanted}'")
        assert ended.status == 0, ended
        assert wanted.read_bytes() == content
    assert running.transfer("lab", "ghost.bin")["state"] == "downloading"


def test_ctrl_c_and_stay_end_only_the_waiting(running: ClientProcess) -> None:
    again = f"download_file lab ghost.bin '{running.folder}/'"
    ended = run(running, "--json", "--stay", "-c", again)
    assert ended.status == 0
    with second(running, "--json", "-c", again) as other:
        assert other.output.next(LIMIT)
        with pytest.raises(AssertionError, match="did not end"):
            other.wait(0.3)
        os.kill(other.pid, signal.SIGINT)
        assert other.wait() == 0
        assert other.errors.all == ["The downloads continue in the running client."]
    assert running.transfer("lab", "ghost.bin")["state"] == "downloading"


def test_what_only_a_start_can_do_is_refused(running: ClientProcess) -> None:
    ended = run(running, "--active", "3", "-c", "whoami")
    assert (ended.status, ended.output) == (2, [])
    assert "--active" in ended.errors[0]


def test_at_a_terminal_a_prompt_is_refused_and_a_password_asked_for(
    running: ClientProcess,
) -> None:
    info = str(running.folder / "tracker_info.txt")
    state = ("--data-dir", str(running.folder / "state"))
    command = [sys.executable, "-m", "client", str(running.address), info, *state]
    with Terminal(command) as terminal:
        terminal.wait_for("exit status 1")
        assert "Another client is using" in terminal.screen()
        assert "-c" in terminal.screen()
    with Terminal([*command, "-c", "create_user dora"]) as terminal:
        terminal.wait_for("Password:")
        terminal.enter("swordfish")
        terminal.wait_for("Password again:")
        terminal.enter("swordfish")
        terminal.wait_for("Account dora created")
        assert "swordfish" not in terminal.screen()
        terminal.wait_for("exit status 0")


def test_quit_alone_ends_the_running_client(tracker: TrackerProcess, tmp_path: Path) -> None:
    with ClientProcess(tmp_path, [tracker]) as first:
        first.ok("help")
        wait_until(lambda: any("trusted" in line for line in first.errors.all))  # while alone
        assert run(first, "-c", "quit") == Ended(0, [], [])
        assert first.wait() == 0
        assert not (tmp_path / "state" / "client.socket").exists()
        first.start()  # at once: the folder is free again
        first.ok("help")
        first.kill()
        first.start()  # in place of the socket that is left
        first.ok("help")
        assert run(first, "-c", "help").status == 0


def test_the_running_client_may_end_meanwhile(tracker: TrackerProcess, tmp_path: Path) -> None:
    with ClientProcess(tmp_path, [tracker]) as first:
        first.ok("help")
        with second(first, "--json") as other:
            other.send("help")
            assert other.output.next(LIMIT)
            first.kill()
            assert other.wait() == 1
            assert "running client has ended" in other.errors.all[-1]
