"""History keeps lines, but never a password."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.commands.language.words import quote
from client.commands.registry import COMMANDS
from client.shell.history import _MOST, PrivateHistory
from common.errors import ErrorCode, MinitorrentError


def kept(folder: Path, *lines: str) -> tuple[str, str]:
    """Return the recallable lines, and the file's content, after these lines."""
    path = folder / "history"
    path.unlink(missing_ok=True)
    history = PrivateHistory(path, COMMANDS)
    for line in lines:
        history.append_string(line)
    return "\n".join(history.get_strings()), path.read_text()


@pytest.mark.parametrize(
    "line",
    [
        "login ann S3cret",
        "  login ann S3cret",
        "LOGIN ann S3cret",
        "'login' ann S3cret",
        'login "ann S3cret',
        'login "ann S3cret"',
        '"login ann S3cret"',
        '"login ann S3cret',
        "login annS3cret",
        "login S3cret",
        "create_user ann 'S3cret",
        "passwd S3cret S3cret",
        "passwd S3cret",
        "logn ann S3cret",
        "logi ann S3cret",
        "login, ann S3cret",
        "lo ann S3cret",
        "l ann S3cret",
        "password S3cret",
        "craete-user ann S3cret",
        "S3cret",
        "ann S3cret",
        "# login ann S3cret",
        "whoami; login ann S3cret",
        "whoami;login ann S3cret",
        "list_files lab && login ann S3cret",
        "help login; login ann S3cret",
        "upload_file a lab 'x; login ann S3cret'",
        "whoami\nlogin ann S3cret\nS3cret",
        "\ufefflogin ann S3cret",
        "login\u00a0ann S3cret",
        "get 'magnet:?xt=urn:btih:00&tr=http%3A%2F%2F127.0.0.1%3A1%2Fannounce%2FS3cret' /tmp",
    ],
)
def test_lines_with_a_possible_secret_are_not_kept(line: str, tmp_path: Path) -> None:
    assert not any("S3cret" in text for text in kept(tmp_path, line))


@pytest.mark.parametrize(
    "line", ["list_files lab", "help login", "help passwd", 'upload_file "my film.mkv', "quit"]
)
def test_other_lines_are_kept(line: str, tmp_path: Path) -> None:
    assert all(line in text for text in kept(tmp_path, f" {line} "))


def test_a_mistyped_command_can_be_recalled_but_is_not_stored(tmp_path: Path) -> None:
    remembered, written = kept(tmp_path, "list_grups")
    assert remembered == "list_grups"
    assert written == ""


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_passwords_are_never_kept(password: str) -> None:
    secret = f"S3cret{password}"
    lines = [f"{name} ann {quote(secret)}" for name in ("login", "create_user", "passwd", "logn")]
    folder = Path(tempfile.mkdtemp())
    try:
        assert not any("S3cret" in text for text in kept(folder, *lines, secret))
    finally:
        shutil.rmtree(folder)


def test_the_file_is_private_and_reloaded(tmp_path: Path) -> None:
    path = tmp_path / "history"
    history = PrivateHistory(path, COMMANDS)
    history.append_string("login ann topsecret")
    history.append_string("whoami\nlogin bob topsecret")
    history.append_string("list_groups")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert history.get_strings() == ["whoami", "list_groups"]
    again = list(PrivateHistory(path, COMMANDS).load_history_strings())
    assert again == ["list_groups", "whoami"]


def test_secrets_kept_by_older_versions_are_not_recalled(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text("\n# 2024-01-01 00:00:00\n+login 'ann S3cret'\n\n# 2024-01-02\n+whoami\n")
    assert list(PrivateHistory(path, COMMANDS).load_history_strings()) == ["whoami"]


def test_only_a_plain_file_of_bounded_size_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    (tmp_path / "link").symlink_to(target)
    for name in ("pipe", "link"):
        with pytest.raises(MinitorrentError) as caught:
            PrivateHistory(tmp_path / name, COMMANDS)
        assert caught.value.code is ErrorCode.FILE_EXISTS
    assert target.read_bytes() == b"precious"
    kept = PrivateHistory(tmp_path / "history", COMMANDS)
    kept.append_string("whoami")
    assert list(PrivateHistory(tmp_path / "history", COMMANDS).load_history_strings()) == ["whoami"]
    os.truncate(tmp_path / "history", _MOST + 1)
    assert list(PrivateHistory(tmp_path / "history", COMMANDS).load_history_strings()) == []
