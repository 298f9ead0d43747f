"""The client as a program: exit statuses, endings, `-c`, `--stay`, signals, refusals."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.types import Endpoint
from tests.support.ports import free_port
from tests.support.programs import warm
from tests.support.programs.processes import (
    ClientProcess,
    Ended,
    ManagedProcess,
    TrackerProcess,
    write_tracker_info,
)
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackerProcess]:
    with TrackerProcess(tmp_path_factory.mktemp("tracker")) as process:
        yield process


def run(*arguments: str, script: str = "") -> Ended:
    """Run a client until it exits."""
    with ManagedProcess([sys.executable, "-m", "client", *arguments]) as process:
        return process.finish(*script.splitlines())


def client(folder: Path, trackers: list[Endpoint], *options: str, script: str = "") -> Ended:
    """Run a client on a script until it exits."""
    info = write_tracker_info(folder / "tracker_info.txt", trackers)
    state = ("--data-dir", str(folder / "state"))
    return run(f"127.0.0.1:{free_port()}", str(info), *state, *options, script=script)


def test_a_whole_script(
    tracker: TrackerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(warm.SWITCH)  # from nothing, as a user starts it
    script = """
# A separate account
create_user scripted secret123
login scripted 'secret123'   # quoted
create_group "scripted.group"
list_groups
"""
    ended = client(tmp_path, [tracker.address], "--json", script=script)
    assert [(a["command"], a["ok"]) for a in ended.answers] == [
        ("create_user", True),
        ("login", True),
        ("create_group", True),
        ("list_groups", True),
    ]
    assert ended.status == 0
    (notice,) = ended.errors
    assert "is trusted from now on" in notice


def test_status_1_when_a_command_failed_while_the_rest_runs(
    tracker: TrackerProcess, tmp_path: Path
) -> None:
    ended = client(tmp_path, [tracker.address], "--json", script="whoami\nhelp\n")
    assert [a["ok"] for a in ended.answers] == [False, True]
    assert ended.status == 1


@pytest.mark.parametrize("word", ["quit", "exit"])
def test_quit_ends_a_script_at_once(tracker: TrackerProcess, tmp_path: Path, word: str) -> None:
    ended = client(tmp_path, [tracker.address], "--json", "--stay", script=f"{word}\nbogus\n")
    assert ended.answers == [{"command": word, "ok": True, "result": {}}]
    assert ended.status == 0


def test_commands_as_options(tracker: TrackerProcess, tmp_path: Path) -> None:
    commands = ["-c", "create_user oneshot secret123", "-c", "login oneshot secret123"]
    ended = client(tmp_path, [tracker.address], *commands, script="bogus\n")
    assert ended.status == 0
    assert ended.output == [
        "Account oneshot created; next: login oneshot",
        "Logged in as oneshot; no groups yet (create_group or join_group)",
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
    ended = run(*(files.get(word, word) for word in arguments))
    assert (ended.status, ended.output, len(ended.errors)) == (2, [], 1)


def test_status_3_when_no_tracker_can_be_reached(tmp_path: Path) -> None:
    nobody = [Endpoint("127.0.0.1", free_port()), Endpoint("127.0.0.1", free_port())]
    ended = client(tmp_path, nobody, "--json", "-c", "login ann secret123", "-c", "bogus")
    assert [a["error"]["code"] for a in ended.answers] == ["tracker_unreachable", "usage"]
    assert ended.status == 3


def test_status_1_and_one_line_when_the_port_is_in_use(
    tracker: TrackerProcess, tmp_path: Path
) -> None:
    info = write_tracker_info(tmp_path / "info.txt", [tracker.address])
    state = ("--data-dir", str(tmp_path / "state"))
    ended = run(str(tracker.address), str(info), *state, "-c", "help")
    assert ended.status == 1
    (refusal,) = ended.errors
    assert str(tracker.address.port) in refusal


def test_a_client_carries_out_the_commands_of_a_second_one_on_its_folder(
    tracker: TrackerProcess, tmp_path: Path
) -> None:
    with ClientProcess(tmp_path, [tracker]) as first:
        first.sign_in("sharer")
        ended = client(tmp_path, [tracker.address], "-c", "whoami")
        assert (ended.status, ended.output) == (0, ["sharer"])
        (note,) = ended.errors
        assert f"it accepts peers at {first.address}" in note
        assert first.ok("whoami") == {"user": "sharer"}


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
            script="create_user waiter secret123\nlogin waiter secret123\njoin_group waiting\n",
        )
        assert first.status == 0, first.errors
        seeder.ok("accept_request waiting waiter")
        script = f"login waiter secret123\ndownload_file waiting content.bin '{folder}/'\n"
        ended = client(folder, [tracker.address], "--json", script=script)
        assert ended.status == 0, ended.errors
        assert [a["command"] for a in ended.answers] == ["login", "download_file"]
        assert (folder / "content.bin").read_bytes() == content.read_bytes()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_client_with_stay(
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


def test_with_stay_a_client_answers_until_the_end(tracker: TrackerProcess, tmp_path: Path) -> None:
    with ClientProcess(tmp_path, [tracker]) as process:
        for _ in range(3):
            process.ok("help")
        assert process.ok("quit") == {}
        assert process.wait() == 0


def test_state_survives_quit(tracker: TrackerProcess, tmp_path: Path) -> None:
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


def test_a_terminal_hangup_shows_no_traceback(tracker: TrackerProcess, tmp_path: Path) -> None:
    with ClientProcess(tmp_path, [tracker]) as process:
        process.ok("help")
        wait_until(lambda: process.errors.all, 10, "the notice of the certificate")
        os.kill(process.pid, signal.SIGHUP)
        assert process.wait() == 0
        (notice,) = process.errors.all
        assert notice.endswith("; it is trusted from now on.")
