"""History keeps lines, but never a password."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.commands.parsing import quote
from client.commands.registry import COMMANDS
from client.shell.history import PrivateHistory, without_secrets
from common.errors import ErrorCode, MinitorrentError


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("list_files lab ", "list_files lab"),
        ("login ann topsecret", "login ann"),
        ("login ann", "login ann"),
        ("login 'a b' topsecret", "login 'a b'"),
        ("create_user ann 'topsecret", "create_user ann"),
        ("passwd topsecret othersecret", "passwd"),
        ("logn ann topsecret", ""),
        ("lo ann topsecret", ""),
        ("", ""),
        ("# a comment", ""),
    ],
)
def test_what_is_kept(typed: str, kept: str) -> None:
    assert without_secrets(typed, COMMANDS) == kept


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_password_is_ever_kept(password: str) -> None:
    secret = f"SECRET{password}"
    for line in (f"login ann {quote(secret)}", f"passwd {quote(secret)} {quote(secret)}"):
        assert "SECRET" not in without_secrets(line, COMMANDS)


def test_the_file_is_private_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "history"
    history = PrivateHistory(path, COMMANDS)
    history.append_string("login ann topsecret")
    history.append_string("whoami\nlogin bob topsecret")
    history.append_string("logn ann topsecret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "topsecret" not in path.read_text()
    assert history.get_strings() == ["login ann", "whoami\nlogin bob", "logn ann topsecret"]
    again = list(PrivateHistory(path, COMMANDS).load_history_strings())
    assert again == ["whoami\nlogin bob", "login ann"]


def test_only_a_plain_file_of_bounded_size_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    monkeypatch.setattr("client.shell.history._MOST", 3)
    assert list(PrivateHistory(tmp_path / "history", COMMANDS).load_history_strings()) == []
