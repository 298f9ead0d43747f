"""download_file with one name and with many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from client.commands.command import Declined, always
from client.commands.language.known import MOST_NAMES
from client.commands.registry import COMMANDS
from client.commands.runner import Runner
from client.results.transfers import TransferState
from client.web.models import read_arguments
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.rows import HASH, download
from tests.support.fakes.services.session import FakeSession

HERE = "/home/ann/Downloads/"
ALL = ["film.mkv", "it's.txt", "two words.txt"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "file").touch()
    return tmp_path


@pytest.fixture
def session() -> FakeSession:
    session = FakeSession()
    session.user = "ann"
    return session


def answer(
    session: FakeSession, line: str, confirm: Callable[[str], bool] = always
) -> dict[str, Any]:
    outcome = Runner(session, confirm=confirm).run(line)
    assert outcome is not None
    made = outcome.as_json()
    result: dict[str, Any] = made["result"] if made["ok"] else made["error"]
    return result


def started(session: FakeSession) -> list[tuple[object, ...]]:
    """The group, name, destination and options of each download."""
    return sorted(call[1:] for call in session.calls if call[0] == "download_file")


def to(folder: str, *names: str) -> list[tuple[object, ...]]:
    return [("lab", name, folder) for name in names]


def test_one_name_answers_as_ever(session: FakeSession) -> None:
    assert answer(session, "download_file lab film.mkv /data") == {
        "group": "lab",
        "name": "film.mkv",
        "destination": "/data/film.mkv",
        "info_hash": HASH,
    }
    assert answer(session, "download_file lab nothing.mkv x.mkv")["name"] == "nothing.mkv"
    assert started(session) == [("lab", "film.mkv", "/data"), ("lab", "nothing.mkv", "x.mkv")]


def test_without_a_destination_it_goes_to_the_download_folder(session: FakeSession) -> None:
    answer(session, "download_file lab film.mkv")
    session.group = "lab"
    answer(session, "download_file 'two words.txt'")
    assert started(session) == to(HERE, "film.mkv", "two words.txt")


def test_many_names_answer_with_a_list(session: FakeSession, folder: Path) -> None:
    result = answer(session, "download_file lab film.mkv 'two words.txt' film.mkv sub --sequential")
    rows = [("film.mkv", "sub//film.mkv"), ("two words.txt", "sub//two words.txt")]
    assert result == {
        "group": "lab",
        "downloads": [
            {"name": name, "destination": place, "info_hash": HASH} for name, place in rows
        ],
    }
    assert [call[3] for call in started(session)] == ["sequential"] * 2


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("download_file lab *.txt", ["it's.txt", "two words.txt"]),
        ("download_file lab *.TXT film.mkv /x/", ALL),
        ("download_file lab ????.mkv", ["film.mkv"]),
        ("download_file lab --all", ALL),
        ("download_file --all lab ./new", ALL),
        ("get lab --all", ALL),
        ("download_file lab film.mkv *.txt", ALL),
        ("download_file lab film.mkv \"it's.txt\" 'two words.txt'", ALL),
    ],
)
def test_patterns_and_all_files(session: FakeSession, line: str, names: list[str]) -> None:
    assert {row["name"] for row in answer(session, line)["downloads"]} == set(names)
    assert [call[1] for call in started(session)] == names


def test_a_file_that_is_called_like_a_pattern(session: FakeSession) -> None:
    session.files.more = ["what?.txt", "whats.txt"]
    assert answer(session, "download_file lab what?.txt")["name"] == "what?.txt"
    answer(session, "download_file lab what?.txt film.mkv ./")
    assert [call[1] for call in started(session)] == ["film.mkv", "what?.txt", "what?.txt"]


def test_what_one_has_already_is_left_out_of_a_pattern(session: FakeSession) -> None:
    session.files.present = {"film.mkv", "it's.txt"}
    result = answer(session, "download_file lab --all")
    assert [row["name"] for row in result["downloads"]] == ["two words.txt"]
    assert answer(session, "download_file lab *.mkv") == {"group": "lab", "downloads": []}
    assert len(started(session)) == 1
    answer(session, "download_file lab film.mkv 'two words.txt' ./")
    assert len(started(session)) == 3, "a name is taken literally"


def test_so_is_what_one_downloads_unless_it_failed(session: FakeSession) -> None:
    session.rows = [
        download("film.mkv"),
        download("it's.txt", state=TransferState.FAILED, error="It was deleted."),
        download("two words.txt", group="studio"),
    ]
    session.files.present = {"it's.txt"}
    result = answer(session, "download_file lab --all")
    assert [row["name"] for row in result["downloads"]] == ["two words.txt", "it's.txt"]


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("download_file", "usage", "Which files? Give their names, or --all."),
        ("download_file lab", "usage", "Which group?"),
        ("download_file lab film.mkv x y --all", "usage", "leave the names out"),
        ("download_file lab film.mkv --all", "usage", "leave the names out"),
        ("download_file lab *.gone", "no_such_file", "No file of lab matches '*.gone'"),
        ("download_file lab film.mkv it file", "file_exists", "is a file, not a folder"),
    ],
)
def test_errors(session: FakeSession, line: str, code: str, said: str) -> None:
    error = answer(session, line)
    assert error["code"] == code
    assert said in error["message"]
    assert started(session) == []


def test_the_api_takes_names_or_all(session: FakeSession) -> None:
    command = COMMANDS["download_file"]
    fields = {"group": "lab", "name": ["film.mkv", "*.txt"], "dest": "/x"}
    assert Runner(session).call(command, read_arguments(command, fields)).error is None
    assert started(session) == to("/x/", *ALL)
    refused = Runner(session).call(command, read_arguments(command, {**fields, "all": True}))
    assert refused.error is not None
    assert refused.error.code is ErrorCode.USAGE


def test_a_group_alone_is_no_file_of_the_group_in_use(session: FakeSession) -> None:
    session.group = "home"
    assert "Which files?" in answer(session, "download_file lab")["message"]
    session.files.more = ["lab"]
    assert answer(session, "download_file lab")["name"] == "lab"


def test_a_command_takes_a_limited_number_of_files(session: FakeSession) -> None:
    session.files.more = [f"{number:05}.txt" for number in range(MOST_NAMES)]
    assert "10,003 files" in answer(session, "download_file lab --all")["message"]
    assert started(session) == []


def test_one_failure_of_many(session: FakeSession) -> None:
    session.files.refused["it's.txt"] = MinitorrentError(ErrorCode.DISK_FULL, "No space.")
    error = answer(session, "download_file lab --all")
    assert error["code"] == "disk_full"
    assert error["message"] == "2 of 3 downloads started. Failed: it's.txt: No space."
    assert len(started(session)) == 3


class Asked:
    """A user who answers all questions alike."""

    def __init__(self, *, says: bool) -> None:
        self.questions: list[str] = []
        self._says = says

    def __call__(self, question: str) -> bool:
        self.questions.append(question)
        return self._says


@pytest.mark.parametrize(("says", "destination"), [(True, "films"), (False, "films/")])
def test_a_terminal_asks_whether_a_new_path_is_a_folder(
    session: FakeSession, says: bool, destination: str
) -> None:
    user = Asked(says=says)
    answer(session, "download_file lab film.mkv films", user)
    assert user.questions == ["Save 'film.mkv' as 'films' (no: in a new folder of that name)?"]
    assert started(session) == to(destination, "film.mkv")


@pytest.mark.parametrize("typed", ["films/", "other.mkv", "/x/film.mkv", "sub", "file", "."])
def test_there_is_no_question_about_what_is_clear(session: FakeSession, typed: str) -> None:
    user = Asked(says=False)
    answer(session, f"download_file lab film.mkv {typed}", user)
    assert user.questions == []
    assert started(session) == to(typed, "film.mkv")


@pytest.mark.parametrize(
    ("says", "expected"),
    [(True, to("it's.txt", "film.mkv")), (False, to(HERE, "film.mkv", "it's.txt"))],
)
def test_a_terminal_asks_whether_a_destination_is_another_file(
    session: FakeSession, says: bool, expected: list[tuple[object, ...]]
) -> None:
    user = Asked(says=says)
    answer(session, 'download_file lab film.mkv "it\'s.txt"', user)
    assert user.questions == ["""Save 'film.mkv' as "it's.txt" (no: download both)?"""]
    assert started(session) == expected


def test_a_terminal_asks_before_it_creates_a_folder_for_many(session: FakeSession) -> None:
    user = Asked(says=False)
    with pytest.raises(Declined):
        answer(session, "download_file lab *.txt new", user)
    assert user.questions == ["There is no folder 'new'. Create it for 2 files?"]
    assert started(session) == []
    answer(session, "download_file lab *.mkv new/", user)
    assert len(user.questions) == 1
    answer(session, "download_file lab *.txt new", Asked(says=True))
    assert len(started(session)) == 3
