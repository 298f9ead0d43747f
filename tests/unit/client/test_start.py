"""How a client starts: by its arguments, by what it remembers, or by an invitation."""

from __future__ import annotations

from pathlib import Path

import pytest

from client import command_line, profiles
from client.config import DEFAULT_TIMING
from client.profiles import Profile
from client.start import Ask, Start, read_start, remember
from common.errors import ErrorCode, MinitorrentError
from common.invitation import InvitationText, InvitedTracker
from common.types import Endpoint

TRACKER = Endpoint("10.0.0.1", 5000)
OTHER = Endpoint("10.0.0.2", 5000)
HERE = Endpoint("127.0.0.1", 6001)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "minitorrent"


@pytest.fixture
def info(tmp_path: Path) -> str:
    path = tmp_path / "tracker_info.txt"
    path.write_text(f"{TRACKER.host}\n{TRACKER.port}\n")
    return str(path)


def start(*words: str, ask: Ask | None = None) -> Start:
    return read_start(command_line.parse(words), DEFAULT_TIMING, ask)


def refusal(*words: str, ask: Ask | None = None) -> str:
    with pytest.raises(MinitorrentError) as caught:
        start(*words, ask=ask)
    assert caught.value.code in (ErrorCode.USAGE, ErrorCode.INVITE_INVALID)
    return caught.value.message


def invitation(*trackers: Endpoint) -> str:
    invited = tuple(InvitedTracker(address, b"f" * 32) for address in trackers or [TRACKER])
    return InvitationText("lab", "A" * 21 + "A", invited).encode()


def test_the_first_start_makes_the_default_profile(info: str, home: Path) -> None:
    first = start(str(HERE), info, "-c", "help")
    assert first.config.data_dir == home / "127.0.0.1_6001"
    remember(first)
    again = start("-c", "help")
    assert (again.config.listen, again.config.trackers) == (HERE, (TRACKER,))
    assert again.config.data_dir == first.config.data_dir


def test_a_second_address_leaves_the_default_profile_alone(info: str) -> None:
    remember(start(str(HERE), info))
    remember(start("127.0.0.1:6002", info))
    assert start().config.listen == HERE


def test_a_named_profile(info: str, home: Path) -> None:
    remember(start(str(HERE), info, "--profile", "work"))
    assert start("--profile", "work").config.data_dir == home / "profiles" / "work"
    assert "join INVITATION, or HOST:PORT TRACKER_INFO" in refusal()


def test_a_data_folder_remembers_its_own_start(info: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    remember(start(str(HERE), info, "--data-dir", str(folder)))
    assert start("--data-dir", str(folder)).config.listen == HERE
    assert "There is no profile yet" in refusal()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "There is no profile yet"),
        (("--profile", "work"), "There is no profile work yet"),
        (("--data-dir", "/nowhere"), "No client has been started on /nowhere yet"),
        (("--profile", "../x"), "profile's name"),
        (("send", "file"), "There is no profile yet"),
        (("join", "mt1nonsense"), "damaged"),
        (("receive", "hello"), "not an invitation"),
    ],
)
def test_what_is_missing_is_named(words: tuple[str, ...], said: str) -> None:
    assert said in refusal(*words)


def test_joining_makes_a_profile_with_a_port_of_its_own(home: Path) -> None:
    joined = start("join", invitation(TRACKER, OTHER))
    assert joined.config.trackers == (TRACKER, OTHER)
    assert joined.config.listen.host == "0.0.0.0"
    assert joined.config.listen.port > 0
    assert [tracker.address for tracker in joined.config.invited] == [TRACKER, OTHER]
    assert joined.config.data_dir == home / "profiles" / "default"
    remember(joined)
    assert start().config.listen == joined.config.listen


def test_joining_again_adds_trackers_and_keeps_the_port(info: str) -> None:
    remember(start(str(HERE), info))
    joined = start("join", invitation(OTHER, TRACKER))
    assert (joined.config.listen, joined.config.trackers) == (HERE, (TRACKER, OTHER))


def test_joining_elsewhere_needs_another_profile(info: str) -> None:
    remember(start(str(HERE), info))
    assert "--profile NAME" in refusal("join", invitation(OTHER))
    assert start("join", invitation(OTHER), "--profile", "other").config.trackers == (OTHER,)


def test_a_receipt_has_a_folder_for_each_invitation(home: Path) -> None:
    one, two = start("receive", invitation()), start("receive", f"<{invitation()}>")
    assert one.config.data_dir == two.config.data_dir
    assert one.config.data_dir.parent == home / "receiving"
    assert start("receive", invitation(OTHER)).config.data_dir != one.config.data_dir
    assert profiles.read_profile(one.config.data_dir) is None


def test_a_first_start_at_a_terminal_asks() -> None:
    assert start(ask=lambda _: str(TRACKER)).config.trackers == (TRACKER,)
    assert start(ask=lambda _: invitation()).invitation == invitation()
    assert "There is no profile yet" in refusal(ask=lambda _: "")
    assert "not an invitation" in refusal(ask=lambda _: "what?")


def test_a_damaged_profile_is_reported(info: str, tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text("{")
    assert "is damaged" in refusal("--data-dir", str(tmp_path))
    told = start(str(HERE), info, "--data-dir", str(tmp_path))
    with pytest.raises(MinitorrentError, match="is damaged"):
        remember(told)


def test_nothing_is_written_twice(info: str, tmp_path: Path) -> None:
    told = start(str(HERE), info, "--data-dir", str(tmp_path))
    remember(told)
    before = (tmp_path / "profile.json").stat()
    remember(told)
    assert (tmp_path / "profile.json").stat() == before
    assert profiles.read_profile(tmp_path) == Profile(HERE, (TRACKER,))
