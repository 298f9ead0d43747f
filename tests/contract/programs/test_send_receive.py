"""`join`, `send` and `receive` as programs: two lines from a file to its copy."""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from common import invitation as invitation_module
from tests.support.content import make_file, make_tree, sha256
from tests.support.ports import free_port
from tests.support.programs.processes import (
    ClientProcess,
    ManagedProcess,
    TrackerProcess,
    write_tracker_info,
)
from tests.support.waiting import wait_until

LIMIT = 60.0
_NUMBERS = itertools.count(1)


def client(*words: str) -> ManagedProcess:
    return ManagedProcess([sys.executable, "-m", "client", *words])


def run(*words: str, lines: str = "", status: int = 0) -> tuple[list[str], str]:
    """Run a client to its end; return the lines on stdout, and stderr."""
    with client(*words) as process:
        for line in lines.splitlines():
            process.send(line)
        process.close_input()
        assert process.wait(LIMIT) == status, process.story()
        return process.output.all, process.errors.tail()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder; another one is another machine."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "minitorrent"


@pytest.fixture
def invitation(ann: ClientProcess, group: str) -> str:
    return str(ann.ok("invite", group, "--uses", "9")["invitation"])


def test_a_new_machine_joins_and_remembers(
    home: Path, invitation: str, group: str, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("secret123\n")
    given = ("--user", "joiner", "--password-file", str(password))
    out, err = run("join", invitation, *given, "--json", "-c", "whoami", "-c", "list_files")
    assert [json.loads(line)["ok"] for line in out] == [True, True]
    assert json.loads(out[0])["result"] == {"user": "joiner"}
    assert f"You are a member of {group}" in err
    assert "trusted from now on" not in err
    lines = f"{invitation}\nsecret123\nwhoami\nquit\n"
    out, _ = run("join", "-", *given[:3], "-", "--json", lines=lines)
    assert json.loads(out[0])["result"] == {"user": "joiner"}
    out, _ = run("-c", "login joiner secret123", "-c", "trackers", "--json")
    assert json.loads(out[1])["result"]["trackers"][0]["state"] == "connected"
    run("join", invitation, *given, "-c", "leave_group " + group)
    remembered = json.loads((home / "profiles" / "default" / "profile.json").read_text())
    assert remembered["listen"].startswith("0.0.0.0:")


def test_an_invitation_by_another_tracker_is_refused(
    home: Path, invitation: str, tmp_path: Path
) -> None:
    """The same address, but another certificate: nothing is sent there."""
    text = invitation_module.parse(invitation)
    other = replace(text.trackers[0], fingerprint=b"x" * 32)
    forged = replace(text, trackers=(other,)).encode()
    _, err = run("receive", forged, str(tmp_path), status=3)
    assert "another certificate" in err
    assert "than the invitation names" in err
    _, err = run("receive", invitation[:-1], status=2)
    assert "damaged" in err
    assert not list(tmp_path.glob("*.*"))


def test_receiving_needs_no_account(
    home: Path, ann: ClientProcess, group: str, invitation: str, tmp_path: Path
) -> None:
    film = make_file(tmp_path / "a film.mkv", 3_000_000)
    make_tree(tmp_path / "folder", {"one": 10, "two": 20})
    ann.ok("upload_file", str(film), group)
    ann.ok("upload_file", str(tmp_path / "folder"), group)
    out, _ = run("receive", invitation, str(tmp_path / "to"))
    assert sorted(out) == [str(tmp_path / "to" / "a film.mkv"), str(tmp_path / "to" / "folder")]
    assert Path(out[0]).read_bytes() == film.read_bytes()
    assert not list((home / "receiving").iterdir())
    assert not (home / "profiles.json").exists()
    whose = {row["subject"] for row in ann.ok("audit", group, "file_completed")["events"]}
    assert whose == {"a film.mkv", "folder"}


def test_what_is_in_the_way_is_kept(
    home: Path, ann: ClientProcess, group: str, invitation: str, tmp_path: Path
) -> None:
    ann.ok("upload_file", str(make_file(tmp_path / "film.mkv", 100_000)), group)
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "film.mkv").write_text("precious")
    _, err = run("receive", invitation, str(tmp_path / "to"), status=1)
    assert "film.mkv" in err
    assert (tmp_path / "to" / "film.mkv").read_text() == "precious"
    out, _ = run("receive", invitation, str(tmp_path / "other name"))
    assert out == [str(tmp_path / "other name")]
    used = [row["what"] for row in ann.ok("audit", group, "invite_used")["events"]]
    assert len(used) == 1, "the second attempt is by the same guest"


@pytest.fixture
def sender(home: Path, tracker: TrackerProcess, tmp_path: Path) -> str:
    """A remembered client, logged in as sender; the number of its profile."""
    info = write_tracker_info(tmp_path / "tracker_info.txt", [tracker.address])
    name = f"sender-{next(_NUMBERS)}"
    commands = (f"create_user {name} secret123", f"login {name} secret123 --remember")
    address = f"127.0.0.1:{free_port()}"
    run(address, str(info), "--profile", name, *(w for c in commands for w in ("-c", c)))
    return name


def invitation_of(process: ManagedProcess) -> str:
    line = process.output.next(LIMIT)
    assert line is not None, process.story()
    assert line.startswith("mt1"), process.story()
    return line


def test_two_lines_from_a_file_to_its_copy(sender: str, tmp_path: Path) -> None:
    film = make_file(tmp_path / "a film.mkv", 2_000_000)
    with client("send", str(film), "--profile", sender) as sending:
        text = invitation_of(sending)
        out, _ = run("receive", text, f"{tmp_path}/to/")
        assert sending.wait(LIMIT) == 0, sending.story()
    assert Path(out[0]).read_bytes() == film.read_bytes()
    assert sending.output.all == [text]
    _, err = run("receive", text, str(tmp_path / "again"), status=1)
    assert "not valid" in err
    out, _ = run("--profile", sender, "--json", "-c", "list_groups", "-c", "show_shares")
    assert not [row for row in json.loads(out[0])["result"]["groups"] if row["member"]]
    assert json.loads(out[1])["result"]["shares"] == []


def test_three_use_the_same_text(
    sender: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tree(tmp_path / "folder", {"one": 10_000, "two": 3_000_000})
    paths = [str(tmp_path / "folder"), str(make_file(tmp_path / "film.mkv", 1_000_000))]
    with client("send", *paths, "--uses", "3", "--profile", sender) as sending:
        text = invitation_of(sending)
        with ExitStack() as stack:
            receivers = []
            for number in range(3):
                monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / f"machine {number}"))
                receiving = client("receive", text, str(tmp_path / f"to {number}"))
                receivers.append(stack.enter_context(receiving))
            for receiver in receivers:
                assert receiver.wait(LIMIT) == 0, receiver.story()
        assert sending.wait(LIMIT) == 0, sending.story()
    for number in range(3):
        assert sha256(tmp_path / f"to {number}" / "folder") == sha256(tmp_path / "folder")


def test_receiving_continues_after_a_kill(sender: str, tmp_path: Path) -> None:
    film = make_file(tmp_path / "film.mkv", 8_000_000)
    with client("send", str(film), "--profile", sender) as sending:
        text = invitation_of(sending)
        with client("receive", text, f"{tmp_path}/to/") as receiving:
            wait_until(lambda: list(tmp_path.glob("to/*")), LIMIT, "the download to begin")
            _, err = run("receive", text, status=1)
            assert "is being received already" in err
            receiving.kill()
        out, _ = run("receive", text, f"{tmp_path}/to/")
        assert sending.wait(LIMIT) == 0, sending.story()
    assert Path(out[0]).read_bytes() == film.read_bytes()


def test_ctrl_c_ends_the_invitation(sender: str, tmp_path: Path) -> None:
    film = make_file(tmp_path / "film.mkv", 100_000)
    with client("send", str(film), "--profile", sender) as sending:
        text = invitation_of(sending)
        os.kill(sending.pid, signal.SIGINT)
        assert sending.wait(LIMIT) == 1
    _, err = run("receive", text, status=1)
    assert "not valid" in err


def test_a_running_client_sends(home: Path, sender: str, tmp_path: Path) -> None:
    film = make_file(tmp_path / "film.mkv", 100_000)
    with client("--profile", sender, "--stay") as running:
        running.close_input()
        socket = home / "profiles" / sender / "client.socket"
        wait_until(socket.exists, LIMIT, "the client to run")
        with client("send", str(film), "--profile", sender) as sending:
            text = invitation_of(sending)
            out, _ = run("receive", text, str(tmp_path / "copy.mkv"))
            assert sending.wait(LIMIT) == 0, sending.story()
        assert running.is_running
    assert Path(out[0]).read_bytes() == film.read_bytes()


def test_sending_without_a_login_says_what_to_do(home: Path, invitation: str) -> None:
    _, err = run("send", "film.mkv", status=2)
    assert "join INVITATION, or HOST:PORT TRACKER_INFO" in err
