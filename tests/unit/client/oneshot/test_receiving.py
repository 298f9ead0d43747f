"""Receiving what an invitation's group shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from client.oneshot.receiving import receive
from common.errors import MinitorrentError


class Scripted:
    """Commands of a client whose only download is in one state after the other."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)

    def call(self, command: str, *arguments: str, **_: object) -> dict[str, Any]:
        """See Commands."""
        match command:
            case "list_files":
                return {"files": [{"name": "film.mkv"}]}
            case "download_file":
                return {"destination": arguments[-1]}
            case "show_downloads":
                row = {"name": "film.mkv", "state": self.states.pop(0), "error": None}
                return {"downloads": [row]}
        return {}


def test_a_file_that_is_checked_and_fetched_again_is_waited_for(tmp_path: Path) -> None:
    commands = Scripted("checking", "downloading", "seeding")
    paths = receive(commands, lambda _: None, "lab", tmp_path, "/to/film.mkv")
    assert paths == ["/to/film.mkv"]
    assert not commands.states


def test_what_is_neither_complete_nor_checked_was_not_received(tmp_path: Path) -> None:
    with pytest.raises(MinitorrentError, match="not received: it is not complete yet"):
        receive(Scripted("paused"), lambda _: None, "lab", tmp_path, "/to/film.mkv")
