"""The token of a session in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.membership.remembered_login import RememberedLogin, SessionToken
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint

SESSION = SessionToken("ann", "secret token", (Endpoint("host", 1), Endpoint("::1", 2)))


@pytest.fixture
def remembered(tmp_path: Path) -> RememberedLogin:
    return RememberedLogin(tmp_path)


def test_a_session_is_kept_privately_until_it_is_forgotten(
    remembered: RememberedLogin, tmp_path: Path
) -> None:
    assert remembered.load() is None
    assert not remembered.is_exposed()
    remembered.keep(SESSION)
    assert remembered.path.stat().st_mode & 0o777 == 0o600
    later = RememberedLogin(tmp_path)
    assert later.load() == SESSION
    assert later.keeps("secret token")
    assert not later.keeps("another token")
    assert not later.keeps(None)
    other = SessionToken("bob", "t", SESSION.trackers)
    later.check_place()
    later.keep(other)
    assert remembered.load() == other
    remembered.forget()
    remembered.forget()
    assert later.load() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604])
def test_what_others_could_read_is_not_trusted(remembered: RememberedLogin, mode: int) -> None:
    remembered.keep(SESSION)
    remembered.path.chmod(mode)
    assert remembered.load() is None
    assert remembered.is_exposed()
    assert not remembered.keeps(SESSION.token)
    remembered.keep(SESSION)
    assert remembered.path.stat().st_mode & 0o777 == 0o600
    assert remembered.load() == SESSION


@pytest.mark.parametrize(
    "content",
    [
        "",
        "secret token",
        "[]",
        "[" * 10_000,
        '{"user": "ann", "token": "t"}',
        '{"user": "ann", "token": "t", "trackers": ["host"]}',
        '{"user": "ann", "token": 7, "trackers": []}',
        '{"user": "", "token": "t", "trackers": []}',
    ],
)
def test_a_file_that_is_not_ours_is_left_alone(remembered: RememberedLogin, content: str) -> None:
    remembered.path.write_text(content)
    remembered.path.chmod(0o600)
    assert remembered.load() is None
    assert remembered.is_exposed()
    for attempt in (remembered.check_place, lambda: remembered.keep(SESSION)):
        with pytest.raises(MinitorrentError) as raised:
            attempt()
        assert raised.value.code is ErrorCode.FILE_EXISTS
    remembered.forget()
    assert remembered.path.read_text() == content


def test_links_are_not_followed_to_the_token(remembered: RememberedLogin, tmp_path: Path) -> None:
    remembered.keep(SESSION)
    elsewhere = tmp_path / "elsewhere"
    remembered.path.rename(elsewhere)
    remembered.path.symlink_to(elsewhere)
    assert remembered.load() is None


def test_the_token_is_in_no_representation() -> None:
    assert "secret token" not in repr(SESSION)
