"""`join`, `send` and `receive` as programs: two lines from a file to its copy."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from common import invitation as invitation_module
from tests.support.content import make_file, make_tree
from tests.support.processes import ClientProcess, ManagedProcess

LIMIT = 60.0


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
