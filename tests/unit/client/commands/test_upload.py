"""upload_file with one path and with many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from client.commands.registry import COMMANDS
from client.commands.runner import Runner
from client.services.content.uploads import Offer
from client.web.models import read_arguments
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.rows import HASH
from tests.support.fakes.services.session import FakeSession


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.txt", "c.mkv", "what?.txt"):
        (tmp_path / name).write_bytes(b"x" * 100)
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.fixture
def session() -> FakeSession:
    session = FakeSession()
    session.user, session.hash_steps = "ann", 0
    return session


def answer(
    session: FakeSession, line: str, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    outcome = Runner(session, progress=progress).run(line)
    assert outcome is not None
    made = outcome.as_json()
    result: dict[str, Any] = made["result"] if made["ok"] else made["error"]
    return result


def offered(session: FakeSession) -> list[tuple[str, str | None]]:
    """The paths that were shared, with their groups."""
    calls = [call for call in session.calls if call[0] == "upload_file"]
    found = []
    for _, offer, group in calls:
        assert isinstance(offer, Offer)
        assert group is None or isinstance(group, str)
        found.append((str(offer.path), group))
    return sorted(found)


def test_one_path_answers_as_ever(session: FakeSession) -> None:
    assert answer(session, "upload_file a.txt lab") == {
        "group": "lab",
        "name": "a.txt",
        "size": 3 << 20,
        "pieces": 3,
        "info_hash": HASH,
    }
    assert answer(session, "upload_file lab a.txt")["name"] == "a.txt"
    assert answer(session, "upload_file 'what?.txt' lab")["name"] == "what?.txt"


def test_many_paths_answer_with_a_list(session: FakeSession) -> None:
    row = {"size": 3 << 20, "pieces": 3, "info_hash": HASH}
    result = answer(session, "upload_file c.mkv a.txt ./a.txt lab")
    assert result == {"group": "lab", "files": [{"name": "c.mkv", **row}, {"name": "a.txt", **row}]}
    assert offered(session) == [("a.txt", "lab"), ("c.mkv", "lab")]


@pytest.mark.parametrize(
    "line",
    ["upload_file *.txt sub lab", "upload_file lab sub *.txt", "upload_file lab sub ?.txt w*"],
)
def test_patterns_are_expanded(session: FakeSession, folder: Path, line: str) -> None:
    assert len(answer(session, line)["files"]) == 4
    names = ("a.txt", "b.txt", "what?.txt")
    assert offered(session) == [*((f"{folder}/{name}", "lab") for name in names), ("sub", "lab")]


def test_a_pattern_that_matches_one_file_answers_with_a_list_too(session: FakeSession) -> None:
    assert [row["name"] for row in answer(session, "upload_file *.mkv lab")["files"]] == ["c.mkv"]


def test_a_pattern_without_a_match_is_an_error(session: FakeSession) -> None:
    error = answer(session, "upload_file *.gone lab")
    assert error == {"code": "file_not_found", "message": "No file or folder matches '*.gone'."}
    error = answer(session, "upload_file a.txt *.gone lab")
    assert error["code"] == "file_not_found"
    assert error["message"] == (
        "1 of 2 shared. Failed: *.gone: No file or folder matches '*.gone'."
    )
    assert offered(session) == [("a.txt", "lab")]


def test_the_group_in_use(session: FakeSession) -> None:
    session.group = "lab"
    assert answer(session, "upload_file a.txt b.txt")["group"] == "lab"
    assert offered(session) == [("a.txt", None), ("b.txt", None)]


def test_nothing_is_shared_with_another_group_than_the_one_meant(
    session: FakeSession, folder: Path
) -> None:
    (folder / "studio").mkdir()  # a group of others, too
    session.group = "lab"
    answer(session, "upload_file a.txt b.txt studio")
    assert offered(session) == [("a.txt", "studio"), ("b.txt", "studio")]


def test_a_line_without_a_group_says_so(session: FakeSession) -> None:
    error = answer(session, "upload_file a.txt b.txt nolab")
    assert error["code"] == "usage"
    assert error["message"].startswith("Neither 'nolab' nor 'a.txt' is one of your groups. Usage:")


def test_a_name_is_for_one_path(session: FakeSession) -> None:
    assert answer(session, "upload_file a.txt lab --name x")["name"] == "x"
    assert answer(session, "upload_file *.mkv lab --name x")["files"][0]["name"] == "x"
    assert answer(session, "upload_file *.txt lab --name x")["code"] == "usage"


def test_one_failure_of_many(session: FakeSession) -> None:
    session.files.refused["b.txt"] = MinitorrentError(ErrorCode.NAME_TAKEN, "It is taken.")
    error = answer(session, "upload_file a.txt b.txt c.mkv lab")
    assert error["code"] == "name_taken"
    assert error["message"] == "2 of 3 shared. Failed: b.txt: It is taken."
    assert len(offered(session)) == 3


def test_files_of_equal_names_are_not_shared_at_the_same_time(
    session: FakeSession, folder: Path
) -> None:
    session.hash_steps = 1
    for number in range(8):
        (folder / f"d{number}").mkdir()
        (folder / f"d{number}" / "same").write_bytes(b"x")
    answer(session, "upload_file d*/same lab")
    assert len(offered(session)) == 8
    assert not session.files.collided


def test_progress_is_that_of_all_files(session: FakeSession) -> None:
    session.hash_steps = 2
    seen = []
    answer(session, "upload_file a.txt b.txt lab", lambda done, total: seen.append((done, total)))
    assert seen[-1] == (4 << 20, 4 << 20)
    assert max(total for _, total in seen) <= 4 << 20


def test_a_stop_ends_hashing_and_keeps_what_was_shared(session: FakeSession, folder: Path) -> None:
    session.hash_steps = 1
    for number in range(100):
        (folder / f"{number:02}.bin").touch()

    def stop(done: int, _total: int) -> None:
        if done > 9 << 20:
            raise MinitorrentError(ErrorCode.TIMEOUT, "Hashing was interrupted.")

    error = answer(session, "upload_file *.bin lab", stop)
    assert error["code"] == "timeout"
    assert " of 100 shared. The rest was not tried: " in error["message"]
    assert len(offered(session)) < 40


def test_the_api_names_its_arguments(session: FakeSession) -> None:
    command = COMMANDS["upload_file"]
    fields = {"path": ["lab", "a.txt"], "group": "lab"}
    outcome = Runner(session).call(command, read_arguments(command, fields))
    assert outcome.error is None
    assert offered(session) == [("a.txt", "lab"), ("lab", "lab")]
