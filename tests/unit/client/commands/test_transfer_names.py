"""Commands on several transfers: pause, resume, cancel, recheck, stop_share."""

from __future__ import annotations

from typing import Any

import pytest

from client.commands.command import Declined
from client.commands.runner import Runner
from client.results.transfers import TransferState
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.rows import download
from tests.support.fakes.services.session import FakeSession


@pytest.fixture
def session() -> FakeSession:
    session = FakeSession()
    session.user = "ann"
    session.rows = [
        download("a.mkv"),
        download("b.mkv"),
        download("done.mkv", progress=1.0, state=TransferState.SEEDING),
        download("[x] c.txt"),
        download("other.mkv", group="studio"),
    ]
    return session


def answer(session: FakeSession, line: str) -> dict[str, Any]:
    outcome = Runner(session).run(line)
    assert outcome is not None
    made = outcome.as_json()
    result: dict[str, Any] = made["result"] if made["ok"] else made["error"]
    return result


def done(session: FakeSession, command: str) -> list[tuple[object, ...]]:
    return sorted(call[1:] for call in session.calls if call[0] == command)


def test_one_name_answers_as_ever(session: FakeSession) -> None:
    assert answer(session, "pause lab a.mkv") == {
        "group": "lab",
        "name": "a.mkv",
        "state": "paused",
    }
    assert answer(session, "stop_share lab x") == {"group": "lab", "name": "x"}


def test_many_names_answer_with_a_list(session: FakeSession) -> None:
    assert answer(session, "resume lab a.mkv b.mkv a.mkv") == {
        "group": "lab",
        "transfers": [
            {"name": "a.mkv", "state": "downloading"},
            {"name": "b.mkv", "state": "downloading"},
        ],
    }
    assert answer(session, "stop_share lab x y") == {"group": "lab", "names": ["x", "y"]}


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("pause lab *.mkv", ["a.mkv", "b.mkv", "done.mkv"]),
        ("pause lab ?.MKV notes*", ["a.mkv", "b.mkv", "notes.txt"]),
        ("pause lab '[x]*'", ["[x] c.txt"]),
        ("recheck lab *", ["[x] c.txt", "a.mkv", "b.mkv", "done.mkv", "notes.txt"]),
        ("cancel lab *", ["[x] c.txt", "a.mkv", "b.mkv"]),  # only what isn't complete
        ("stop_share lab *", ["notes.txt"]),
    ],
)
def test_patterns_match_what_the_command_is_for(
    session: FakeSession, line: str, names: list[str]
) -> None:
    answer(session, line)
    assert done(session, line.split()[0]) == [("lab", name) for name in names]


def test_a_pattern_without_a_match(session: FakeSession) -> None:
    error = answer(session, "pause lab a.mkv *.gone")
    assert error["code"] == "no_such_file"
    assert "matches '*.gone'" in error["message"]
    assert done(session, "pause") == []


def test_the_group_in_use(session: FakeSession) -> None:
    session.group = "lab"
    answer(session, "pause a.mkv b.mkv")
    answer(session, "pause *.txt")
    names = ["[x] c.txt", "a.mkv", "b.mkv", "notes.txt"]
    assert done(session, "pause") == [("lab", name) for name in names]
    answer(session, "recheck gone a.mkv")  # a group, as ever
    assert done(session, "recheck") == [("gone", "a.mkv")]


def test_several_names_need_a_group(session: FakeSession) -> None:
    error = answer(session, "pause a b c")
    assert error["code"] == "usage"
    assert error["message"].startswith("'a' is not one of your groups. Usage: pause")


def test_one_failure_of_many(session: FakeSession) -> None:
    session.files.refused["y"] = MinitorrentError(ErrorCode.NO_SUCH_FILE, "There is no y.")
    error = answer(session, "stop_share lab x y z")
    assert error["code"] == "no_such_file"
    assert error["message"] == "2 of 3 no longer shared. Failed: y: There is no y."


def test_cancelling_many_asks_once(session: FakeSession) -> None:
    questions = []

    def confirm(question: str) -> bool:
        questions.append(question)
        return False

    for line in ("cancel lab a.mkv", "cancel lab *.mkv"):
        with pytest.raises(Declined):
            Runner(session, confirm=confirm).run(line)
    assert questions[1] == "Cancel 2 downloads in lab and delete their data?"
    assert done(session, "cancel") == []
    Runner(session, confirm=confirm).run("cancel lab *.mkv --yes")
    assert len(questions) == 2
    assert len(done(session, "cancel")) == 2
