"""The entry point: early refusals and their exit statuses."""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from client.app import main
from client.config import ClientConfig, default_data_dir
from client.control.data_folder import locked
from client.storage.paths.writing import open_to_append
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tests.support.fakes.services import session as fake_session
from tests.support.fakes.services.session import FakeSession


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this user's own profiles out."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSession]:
    """The replacement for a real session."""
    fake = FakeSession()
    monkeypatch.setitem(sys.modules, "client.assembly.opening", None)
    fake_session.install(fake)
    yield fake


@pytest.fixture
def info(tmp_path: Path) -> str:
    path = tmp_path / "tracker_info.txt"
    path.write_text("127.0.0.1\n7400\n")
    return str(path)


def start(*arguments: str) -> int:
    """The exit status of a client, also of one that argparse ends."""
    try:
        return main(arguments)
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "join INVITATION, or HOST:PORT TRACKER_INFO"),
        (["127.0.0.1:7000"], "TRACKER_INFO"),
        (["here", "INFO"], "'here' is not an address"),
        (["127.0.0.1:99999", "INFO"], "is not an address"),
        (["127.0.0.1:7000", "nowhere.txt"], "Can't read nowhere.txt. There is no such file"),
        (["127.0.0.1:7000", "BAD"], "bad.txt: Line 1:"),
        (["127.0.0.1:7000", "BINARY"], "is not a text file"),
        (["127.0.0.1:7000", "PIPE"], "is not a regular file"),
        (["127.0.0.1:7000", "/dev/zero"], "is not a regular file"),
        (["127.0.0.1:7000", "/"], "is not a regular file"),
        (["127.0.0.1:7000", "HUGE"], "is too large"),
        (["127.0.0.1:7000", "x" * 300], "too long"),
        (["127.0.0.1:7000", "INFO", "--nonsense"], "--nonsense"),
        (["127.0.0.1:7000", "INFO", "--log-level", "loud"], "loud"),
        (["127.0.0.1:7000", "INFO", "--active", "-1"], "from 0 to 9999"),
        (["127.0.0.1:7000", "INFO", "--active", "10000"], "from 0 to 9999"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    tmp_path: Path,
    info: str,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    (tmp_path / "bad.txt").write_text("127.0.0.1\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)
    made = ("bad.txt", "binary", "pipe", "huge")
    files = {Path(name).stem.upper(): str(tmp_path / name) for name in made} | {"INFO": info}
    assert start(*(files.get(word, word) for word in arguments)) == 2
    assert said in one_line(capsys)


def test_an_unquoted_command_is_not_repeated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start("127.0.0.1:7000", "INFO", "-c", "login", "ann", "S3cret") == 2
    line = one_line(capsys)
    assert "quote each command" in line
    assert "S3cret" not in line


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert start("--help") == 0
    out = capsys.readouterr().out
    for option in ("HOST:PORT", "TRACKER_INFO", "--data-dir", "-c", "--json", "--stay"):
        assert option in out


def test_state_is_private_and_the_session_is_closed(
    tmp_path: Path, info: str, session: FakeSession
) -> None:
    folder = tmp_path / "a" / "state"
    assert start("127.0.0.1:7000", info, "--data-dir", str(folder), "-c", "help") == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert session.closed


def test_a_second_client_on_the_same_folder_is_refused(
    tmp_path: Path, info: str, session: FakeSession, capsys: pytest.CaptureFixture[str]
) -> None:
    with FileLock(tmp_path / "client.lock"):
        assert start("127.0.0.1:7000", info, "--data-dir", str(tmp_path), "-c", "help") == 1
    line = one_line(capsys)
    assert "Another client is using" in line
    assert "--data-dir" in line
    assert start("127.0.0.1:7000", info, "--data-dir", str(tmp_path), "-c", "help") == 0


def test_an_unusable_folder(
    tmp_path: Path, info: str, session: FakeSession, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    for folder in (
        tmp_path / "file",
        tmp_path / "pipe",
        tmp_path / "file" / "x",
        Path("/dev/null"),
    ):
        assert start("127.0.0.1:7000", info, "--data-dir", str(folder), "-c", "help") == 1
        assert "Can't use" in one_line(capsys)


@pytest.mark.parametrize("name", ["client.lock", "client.log"])
def test_foreign_files_in_the_data_folder(
    tmp_path: Path, info: str, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Neither waited for nor written through."""
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    for kind in ("link", "pipe"):
        folder = tmp_path / kind
        folder.mkdir()
        if kind == "pipe":
            os.mkfifo(folder / name)
        else:
            (folder / name).symlink_to(target)
        with pytest.raises(MinitorrentError) as caught, locked(folder):
            open_to_append(folder / name)
        assert caught.value.code is ErrorCode.FILE_EXISTS
    assert target.read_bytes() == b"precious"


def test_a_port_in_use_is_one_line_and_status_1(
    tmp_path: Path, info: str, session: FakeSession, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(config: ClientConfig) -> FakeSession:
        raise MinitorrentError(ErrorCode.PERMISSION_DENIED, f"{config.listen} is in\nuse.")

    fake_session.install_opening(refuse)
    assert start("127.0.0.1:7000", info, "--data-dir", str(tmp_path), "-c", "help") == 1
    assert one_line(capsys) == "minitorrent: 127.0.0.1:7000 is in use.\n"


def test_the_session_is_closed_when_a_script_breaks(
    tmp_path: Path, info: str, session: FakeSession
) -> None:
    class Broken(FakeSession):
        @property
        def tracker_was_reached(self) -> bool:
            """See Session."""
            raise AssertionError("unforeseen")

    session = Broken()
    fake_session.install(session)
    session.failure = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "No tracker answers.")
    with pytest.raises(AssertionError, match="unforeseen"):
        start("127.0.0.1:7000", info, "--data-dir", str(tmp_path), "-c", "list_groups")
    assert session.closed


def test_the_default_folder_is_named_after_the_address() -> None:
    assert default_data_dir(Endpoint("127.0.0.1", 7000)).name == "127.0.0.1_7000"
    assert default_data_dir(Endpoint("::1", socket.AF_UNSPEC)).name == "___1__0"
    assert default_data_dir(Endpoint("host", 1)).parent.name == "minitorrent"
