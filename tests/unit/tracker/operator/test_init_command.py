"""The command that writes a new tracker's TRACKER_INFO."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from common import tracker_info
from common.errors import MinitorrentError
from common.types import Endpoint
from tracker.operator import registry
from tracker.operator.subcommand import CommandFailedError

FOREIGN = "203.0.113.7"
"""An address for documents (RFC 5737), which no machine has."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tracker_info.txt"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (FOREIGN, FOREIGN),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("localhost", "localhost"),
    ],
)
def test_the_file_names_one_tracker(file: Path, address: str, expected: str) -> None:
    registry.run(["init", address, "--port", "9000", str(file)])
    assert tracker_info.parse(file.read_text()) == [Endpoint(expected, 9000)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert list(file.parent.iterdir()) == [file]


def test_the_port_has_a_default_and_the_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    registry.run(["init", FOREIGN])
    text = Path("tracker_info.txt").read_text()
    assert tracker_info.parse(text) == [Endpoint(FOREIGN, 7400)]


@pytest.mark.parametrize(
    ("address", "listen"),
    [("127.0.0.1", ""), (FOREIGN, " --listen 0.0.0.0"), ("2001:db8::1", " --listen ::")],
)
def test_the_next_command_is_shown(file: Path, address: str, listen: str) -> None:
    lines = registry.run(["init", address, str(file)]).splitlines()
    assert lines[0] == f"Wrote {file}. Start the tracker with:"
    assert lines[1].endswith(f" {file} 1{listen}")
    assert "must reach the TCP ports 7400 and 7401." in lines[-1]


@pytest.mark.parametrize(
    ("address", "who"),
    [("127.0.0.1", "on this machine"), ("10.1.2.3", "in its own network"), ("1.1.1.1", "")],
)
def test_an_address_with_a_short_reach_is_mentioned(file: Path, address: str, who: str) -> None:
    last = registry.run(["init", address, str(file)]).splitlines()[-1]
    expected = f" Only clients {who} can connect to {address}." if who else ""
    assert last.partition("and 7401.")[2] == expected


def test_a_file_is_never_overwritten(file: Path) -> None:
    file.write_text("precious")
    with pytest.raises(CommandFailedError, match="exists already"):
        registry.run(["init", FOREIGN, str(file)])
    assert file.read_text() == "precious"
    with pytest.raises(CommandFailedError, match="No such file or directory"):
        registry.run(["init", FOREIGN, str(file.parent / "nowhere" / "file")])


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "PUBLIC_ADDRESS"),
        (["10.0.0"], "is not an address"),
        (["1.2.3.4:80"], "1.2.3.4 --port 80"),
        (["[::1]:80"], "::1 --port 80"),
        (["0.0.0.0"], "no client can connect"),
        (["ff02::1"], "no client can connect"),
        ([FOREIGN, "--port", "0"], "--port"),
        ([FOREIGN, "--port", "65535"], "--port"),
        ([FOREIGN, "a", "b"], "unrecognized"),
    ],
)
def test_bad_arguments_are_refused(tmp_path: Path, arguments: list[str], part: str) -> None:
    with pytest.raises(MinitorrentError) as raised:
        registry.run(["init", *arguments])
    assert part in raised.value.message
    assert "\n" not in raised.value.message


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["init"], True),
        (["init", "1.2.3.4"], True),
        (["init", "--help"], True),
        (["init", "1"], False),  # a file with this name
        (["./init", "--port"], False),
        ([], False),
    ],
)
def test_a_file_named_init_can_still_be_run(arguments: list[str], expected: bool) -> None:
    assert registry.is_called(arguments) is expected
