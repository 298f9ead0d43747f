"""The client suggests a close match for a wrong name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.commands.command import Context
from client.commands.language.did_you_mean import corrected, nearest
from client.commands.language.parsing import Invocation, parse
from client.commands.registry import COMMANDS
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.rows import download
from tests.support.fakes.services.session import FakeSession

SENTENCE = "There is no such thing; see: help"


def said(code: ErrorCode, line: str, session: FakeSession | None = None) -> str:
    """Return the message of a failing command."""
    session = session or FakeSession()
    session.user, session.group = "ann", "lab"
    invocation = parse(line, COMMANDS)
    assert invocation is not None
    command, arguments = invocation.command, invocation.arguments
    if command.settle is not None:
        arguments = command.settle(Context(session, COMMANDS), arguments)
        invocation = Invocation(command, arguments)
    error = corrected(MinitorrentError(code, SENTENCE), invocation, session)
    assert error.code is code
    return error.message


@pytest.mark.parametrize(
    ("code", "line", "name"),
    [
        (ErrorCode.NO_SUCH_GROUP, "list_files Labb", "lab"),
        (ErrorCode.NO_SUCH_GROUP, "ls groups", "list_groups"),
        (ErrorCode.NO_SUCH_GROUP, "join_group studoi", "studio"),
        (ErrorCode.NO_SUCH_USER, "promote lab bbo", "bob"),
        (ErrorCode.NOT_MEMBER, "demote boob", "bob"),
        (ErrorCode.NO_SUCH_REQUEST, "accept_request eva", "eve"),
        (ErrorCode.NO_SUCH_FILE, "download_file lab Film.mvk /tmp", "film.mkv"),
        (ErrorCode.NO_SUCH_FILE, "pause flim.mkv", "film.mkv"),
        (ErrorCode.NO_SUCH_FILE, "stop_share lab 'Holidy film'", "'holiday film'"),
    ],
)
def test_the_closest_name_is_suggested(code: ErrorCode, line: str, name: str) -> None:
    session = FakeSession()
    session.rows = [download(), download("holiday film")]
    assert said(code, line, session) == f"{SENTENCE}. Did you mean {name}?"


def test_the_closest_path_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "film.mkv").touch()
    typed = tmp_path / "fillm.mkv"
    assert said(ErrorCode.FILE_NOT_FOUND, f"upload_file {typed} lab").endswith(
        f". Did you mean {tmp_path}/film.mkv?"
    )
    assert said(ErrorCode.FILE_NOT_FOUND, f"upload_file {tmp_path}/no/film.mkv") == SENTENCE
    for odd in ("~nobody-such/film.mkv", f"{'x' * 300}/film.mkv", "/dev/null/film.mkv"):
        assert said(ErrorCode.FILE_NOT_FOUND, f"upload_file {odd}") == SENTENCE
    unlike = f"upload_file {tmp_path}/x"  # a common folder makes them no more similar
    assert said(ErrorCode.FILE_NOT_FOUND, unlike) == SENTENCE


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (ErrorCode.NO_SUCH_GROUP, "list_files something-else"),
        (ErrorCode.NO_SUCH_GROUP, "list_files"),
        (ErrorCode.NOT_MEMBER, "list_files labb"),
        (ErrorCode.NO_SUCH_FILE, "pause something.pdf"),
        (ErrorCode.TIMEOUT, "pause flim.mkv"),
    ],
)
def test_nothing_is_suggested_without_similarity(code: ErrorCode, line: str) -> None:
    assert said(code, line) == SENTENCE


def test_without_a_tracker_nothing_is_suggested() -> None:
    session = FakeSession()
    session.failure = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "It is gone.")
    assert said(ErrorCode.NO_SUCH_GROUP, "list_files labb", session) == SENTENCE


@pytest.mark.parametrize("typed", ["tke00777.wav", "taek00777.wav", "take00777.wva"])
def test_in_a_long_list_only_similar_names_are_requested(typed: str) -> None:
    session = FakeSession()
    session.files.more = [f"take{number:05}.wav" for number in range(0, 9000, 7)]
    suggestion = said(ErrorCode.NO_SUCH_FILE, f"download_file lab {typed} /tmp", session)
    assert suggestion.endswith("Did you mean take00777.wav?")
    assert len(session.calls) == 4


@given(st.lists(st.text(min_size=1), unique=True), st.text(min_size=1))
def test_suggestions_exist_and_differ_from_the_input(names: list[str], typed: str) -> None:
    near = nearest(typed, names)
    assert near is None or (near in names and near != typed)
