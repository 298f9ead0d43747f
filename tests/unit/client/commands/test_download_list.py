"""show_downloads: its order, its states, and that it is watched at terminals only."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import BaseModel

from client.commands.command import Watch
from client.commands.download_list import STATES, in_order
from client.commands.runner import Runner
from client.results.transfers import DownloadsResult, TransferState
from tests.support.fakes.services.rows import download
from tests.support.fakes.services.session import FakeSession


def session_of(*states: TransferState) -> FakeSession:
    session = FakeSession()
    session.rows = [download(f"{n}-{state}", state=state) for n, state in enumerate(states)]
    return session


def names(line: str, session: FakeSession, watch: Watch | None = None) -> list[str]:
    outcome = Runner(session, watch=watch).run(line)
    assert outcome is not None
    assert isinstance(outcome.answer, DownloadsResult), outcome.error
    return [row.name for row in outcome.answer.downloads]


def said(line: str) -> str:
    outcome = Runner(session_of()).run(line)
    assert outcome is not None
    assert outcome.error is not None
    assert outcome.error.code == "usage"
    return outcome.error.message


ALL = session_of(*reversed(TransferState), TransferState.DOWNLOADING)


def test_running_downloads_come_first_and_complete_ones_last() -> None:
    assert names("show_downloads", ALL) == [
        "3-downloading",
        "6-downloading",
        "4-checking",
        "5-queued",
        "1-paused",
        "0-failed",
        "2-seeding",
    ]


def test_the_order_within_a_state_is_kept() -> None:
    rows = [download(name) for name in "cab"]
    assert in_order(rows) == rows


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--state running", ["3-downloading", "6-downloading"]),
        ("--state paused,failed", ["1-paused", "0-failed"]),
        ("--state Failed --state paused", ["1-paused", "0-failed"]),
        ("--state 'complete, seeding'", ["2-seeding"]),
        ("--state=checking,queued", ["4-checking", "5-queued"]),
    ],
)
def test_only_some_states(options: str, expected: list[str]) -> None:
    assert names(f"show_downloads {options}", ALL) == expected


def test_every_state_has_a_word() -> None:
    assert set(STATES.values()) == set(TransferState)
    for state in TransferState:
        assert len(names(f"show_downloads --state {state}", ALL)) >= 1


def test_an_unknown_state_names_the_known_ones() -> None:
    message = said("show_downloads --state paused,stopped")
    assert message.startswith("'stopped' is not a state; --state takes one of running, ")
    assert "''" in said("show_downloads --state paused,")


def test_without_a_terminal_watch_says_what_to_do() -> None:
    assert "--watch needs a terminal" in said("show_downloads --watch")


def test_the_states_that_were_asked_for_are_not_in_json() -> None:
    outcome = Runner(ALL).run("show_downloads --state failed")
    assert outcome is not None
    assert list(outcome.as_json()["result"]) == ["downloads"]


def test_a_watch_reads_again_and_the_last_answer_is_returned() -> None:
    session = session_of(TransferState.DOWNLOADING)

    def watch(read: Callable[[], BaseModel]) -> None:
        session.rows = []
        assert read() == DownloadsResult(downloads=[], states="failed")
        session.rows = ALL.rows

    assert names("show_downloads --state failed --watch", session, watch) == ["0-failed"]
