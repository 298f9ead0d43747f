"""Odd values in every place of every command, at a real client: no internal error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from client.commands.registry import COMMANDS
from tests.support.programs.odd import FEW, lines
from tests.support.programs.processes import ClientProcess, TrackerProcess

ENDING = {"quit", "exit", "logout"}
SLOW = {"doctor", "login", "create_user", "passwd"}
"""Password hashing is slow on purpose, and guessing is throttled."""


def test_odd_values_do_not_break_the_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # an odd value is also the name of a file
    with (
        TrackerProcess(tmp_path / "tracker") as tracker,
        ClientProcess(tmp_path / "ann", [tracker]) as ann,
    ):
        ann.sign_in("ann")
        ann.ok("create_group lab")
        sent = [
            line
            for number, name in enumerate(sorted(COMMANDS.keys() - ENDING))
            for odd in (FEW[:1] if name in SLOW else FEW[number % 3 :: 3])
            for line in lines(COMMANDS[name], odd)
        ]
        for line in sent:
            ann.send(line)
            answer = json.loads(ann.output.next(60) or "{}")
            assert "ok" in answer, line[:300]
            code = None if answer["ok"] else answer["error"]["code"]
            assert code != "internal", (line[:300], answer, ann.story()[-2000:])
        assert ann.ok("whoami") == {"user": "ann"}
        assert "Traceback" not in ann.story() + tracker.story()
