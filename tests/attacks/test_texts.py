"""A hostile tracker's text doesn't act on the terminal, forge a line or fill the screen."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.needs import require
from tests.support.ports import free_port
from tests.support.programs.processes import write_tracker_info
from tests.support.programs.terminal import Terminal
from tests.unit.client.net.fake_tracker import FakeTracker, RefusalError, login_reply

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b1m\u202eexe.gnp\u2028fine\r\nroot@host# \u200b" + "z\u0335" * 3
FLOOD = "Z" + "\u0335" * 4000
ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
COMMANDS = ("login bob secret123", "list_groups", "list_files lab", "list_members lab", "audit lab")


@pytest.fixture
def tracker() -> Iterator[FakeTracker]:
    greeting = {"version": [1, 0], "server": f"fake {EVIL}"}
    with FakeTracker(json.dumps({"minitorrent": greeting}).encode() + b"\n") as tracker:
        yield tracker


def answer(tracker: FakeTracker, text: str) -> None:
    """Let the tracker put `text` into every text field."""
    row = {"group": text, "owner": text, "members": 1, "files": 1, "mode": text, "member": True}
    tracker.answers["login"] = lambda _: login_reply(text) | {"groups": [text]}
    tracker.answers["list_groups"] = lambda _: {"groups": [row]}
    file = {"name": text, "size": 1, "pieces": 1, "info_hash": "0" * 40, "owner": text}
    tracker.answers["list_files"] = lambda _: {
        "group": text,
        "files": [{**file, "seeders": 1, "leechers": 1}],
    }
    refusal = RefusalError("not_admin", f"Refused: {text}" + "x" * 100_000)

    def refuse(_: object) -> dict[str, Any]:
        raise refusal

    tracker.answers["list_members"] = tracker.answers["list_events"] = refuse


def command(tracker: FakeTracker, folder: Path, *options: str) -> list[str]:
    info = write_tracker_info(folder / "tracker_info.txt", [tracker.address])
    listen = f"127.0.0.1:{free_port()}"
    started = [sys.executable, "-m", "client", listen, str(info)]
    return [*started, "--data-dir", str(folder / "state"), *options]


def run(tracker: FakeTracker, folder: Path, *options: str) -> tuple[str, str]:
    """Return stdout and stderr of the commands."""
    given = [part for line in COMMANDS for part in ("-c", line)]
    started = command(tracker, folder, "--log-level", "debug", *given, *options)
    done = subprocess.run(started, capture_output=True, timeout=60, check=False)
    return done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode(
        "utf-8", "surrogateescape"
    )


def acting(text: str) -> set[str]:
    return {char for char in text if char != "\n" and unicodedata.category(char) in ACTING}


@pytest.mark.parametrize("text", [EVIL, FLOOD, "two\nlines"])
def test_text_from_a_tracker_does_not_act_on_the_terminal(
    tracker: FakeTracker, tmp_path: Path, text: str
) -> None:
    answer(tracker, text)
    out, err = run(tracker, tmp_path)
    assert acting(out + err) == set()
    assert "root@host" not in [line[:9] for line in (out + err).splitlines()]
    assert (out + err).count("\u0335") < 100
    assert max(map(len, err.splitlines())) < 20_000
    assert "Traceback" not in err
    assert "Refused" in err


def test_honest_text_is_shown_unchanged(tracker: FakeTracker, tmp_path: Path) -> None:
    """The control: names of every script, and emoji made of several characters."""
    text = "naïve 日本語 файл 👩\u200d👧"
    answer(tracker, text)
    out, _ = run(tracker, tmp_path)
    assert out.count(text) >= 3


def test_programs_get_names_unchanged(tracker: FakeTracker, tmp_path: Path) -> None:
    answer(tracker, EVIL)
    out, _ = run(tracker, tmp_path, "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert [one["command"] for one in answers] == [line.split()[0] for line in COMMANDS]
    assert answers[2]["result"]["files"][0]["name"] == EVIL
    assert acting(out) == set()


def test_names_do_not_act_in_prompt_toolbar_or_menu(tracker: FakeTracker, tmp_path: Path) -> None:
    require("tmux")
    answer(tracker, "x\rlogout\n\x1b]0;owned\x07\u202e")
    with Terminal(command(tracker, tmp_path)) as terminal:
        terminal.wait_for("minitorrent>")
        terminal.enter("login bob secret123")
        terminal.wait_for("Logged in as x\\rlogout", "x\\rlogout\\n\\x1b]0;owned")
        terminal.type("list_files ", "Tab")
        terminal.type("", "Tab")
        terminal.enter("lab")
        terminal.wait_for("list_files lab", "seeders")
        assert acting(terminal.printed()) == set()
        assert tracker.asked("logout") == []
