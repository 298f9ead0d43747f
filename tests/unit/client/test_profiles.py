"""What is remembered of a client's start."""

from __future__ import annotations

from pathlib import Path

import pytest

from client import profiles
from client.profiles import DEFAULT, Profile
from common.errors import MinitorrentError
from common.types import Endpoint

PROFILE = Profile(Endpoint("0.0.0.0", 6881), (Endpoint("host", 1), Endpoint("::1", 2)))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "minitorrent"


def test_a_profile_is_kept_with_its_folder_and_private(tmp_path: Path) -> None:
    assert profiles.read_profile(tmp_path) is None
    profiles.write_profile(tmp_path, PROFILE)
    profiles.write_profile(tmp_path, PROFILE)
    assert profiles.read_profile(tmp_path) == PROFILE
    assert (tmp_path / "profile.json").stat().st_mode & 0o777 == 0o600


def test_a_folder_of_its_own_unless_named(home: Path, tmp_path: Path) -> None:
    assert profiles.folder_of(DEFAULT) == home / "profiles" / "default"
    profiles.name_folder(DEFAULT, tmp_path)
    assert profiles.folder_of(DEFAULT) == tmp_path
    assert profiles.folder_of("work") == home / "profiles" / "work"


def test_a_name_in_use_keeps_its_folder(home: Path, tmp_path: Path) -> None:
    profiles.name_folder(DEFAULT, tmp_path)
    profiles.write_profile(tmp_path, PROFILE)
    profiles.name_folder(DEFAULT, home)
    assert profiles.folder_of(DEFAULT) == tmp_path


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "x" * 65, ".hidden"])
def test_odd_names_are_refused(name: str) -> None:
    with pytest.raises(MinitorrentError, match="profile's name"):
        profiles.folder_of(name)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"listen": "a", "trackers": ["b:1"]}',
        '{"listen": "a:1", "trackers": []}',
        '{"listen": "a:1", "trackers": 5}',
        '{"listen": 7, "trackers": ["b:1"]}',
        "\x00\xff",
    ],
)
def test_a_damaged_file_is_reported_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "profile.json"
    path.write_text(content)
    with pytest.raises(MinitorrentError, match="is damaged"):
        profiles.read_profile(tmp_path)
    assert path.read_text() == content
