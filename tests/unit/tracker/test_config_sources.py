"""Options from a file and from the environment, beside those on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from common.errors import ErrorCode, MinitorrentError
from tracker.command_line import database_of, parse, read_config
from tracker.config import Config
from tracker.config_sources import Sources
from tracker.operator.subcommand import Subcommand
from tracker.options import add_where
from tracker.quotas import Quotas

SECRET = "postgresql://tracker:pa55@db/tracker"


@pytest.fixture
def info(tmp_path: Path) -> str:
    path = tmp_path / "info.txt"
    path.write_text("127.0.0.1\n7400\n")
    return str(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tracker.toml"
    path.write_text(
        f"""
        database = "{SECRET}"
        data-dir = "/file"
        http-port = 9000
        registration = "invited"
        [quota]
        files = 5
        group-files = 6
        """
    )
    return path


def test_a_file_gives_what_the_command_line_leaves_out(info: str, file: Path) -> None:
    config = read_config([info, "1", "--config", str(file)], {})
    assert config.database == SECRET
    assert config.data_dir == Path("/file")
    assert config.http_port == 9000
    assert config.by_invitation_only
    assert config.quotas == Quotas(files=5, group_files=6)


def test_options_go_before_the_environment_and_that_before_the_file(info: str, file: Path) -> None:
    environ = {
        "MINITORRENT_TRACKER_CONFIG": str(file),
        "MINITORRENT_TRACKER_DATA_DIR": "/environment",
        "MINITORRENT_TRACKER_HTTP_PORT": "9001",
        "MINITORRENT_TRACKER_LOG_FORMAT": "",  # as good as absent
        "MINITORRENT_TRACKER_QUOTA": "files=7 groups=8",
        "HOME": "/root",
    }
    config = read_config([info, "1", "--http-port", "9002", "--quota", "files=9"], environ)
    assert config.http_port == 9002
    assert config.data_dir == Path("/environment")
    assert config.log_format == "text"
    assert config.quotas == Quotas(files=9, groups=8)


def test_a_secret_is_not_shown(info: str, file: Path) -> None:
    config = read_config([info, "1", "--config", str(file)], {})
    assert isinstance(config, Config)
    assert "pa55" not in repr(config)


def refusal(info: str, text: str, tmp_path: Path) -> str:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(MinitorrentError) as raised:
        read_config([info, "1", "--config", str(path)], {})
    assert raised.value.code is ErrorCode.USAGE
    assert "\n" not in raised.value.message
    return raised.value.message.replace(f"{path}", "FILE")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max-session = 5", "FILE: max-session: there is no such option; did you mean: max-sess"),
        ("zzzzz = 1", "FILE: zzzzz: there is no such option; choose one of: certificate-lifetime,"),
        ("config = 'x'", "FILE: config: there is no such option"),
        ("version = 'x'", "FILE: version: there is no such option"),
        ("max-sessions = 0", "FILE: max-sessions: '0' is not a number from 1 to 100000"),
        ("max-sessions = true", "FILE: max-sessions: the value must be text or a number"),
        ("log-level = 'loud'", "FILE: log-level: 'loud' is not one of: debug, info"),
        ("[quota]\nfile = 3", "FILE: quota: unknown quota 'file'"),
        ("quota = ['files=x']", "FILE: quota: 'files=x' is not NAME=N"),
        ("max-sessions 5", "FILE is not TOML: "),
    ],
)
def test_what_is_wrong_in_a_file_is_named(
    info: str, text: str, expected: str, tmp_path: Path
) -> None:
    assert refusal(info, text, tmp_path).startswith(expected)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MAX_SESSION", "5", "MINITORRENT_TRACKER_MAX_SESSION: there is no such option; did you"),
        ("MAX_SESSIONS", "x", "MINITORRENT_TRACKER_MAX_SESSIONS: 'x' is not a number"),
        ("CONFIG", "/nowhere", "can't read /nowhere: No such file or directory"),
    ],
)
def test_what_is_wrong_in_the_environment_is_named(
    info: str, name: str, value: str, expected: str
) -> None:
    with pytest.raises(MinitorrentError) as raised:
        read_config([info, "1"], {f"MINITORRENT_TRACKER_{name}": value})
    assert raised.value.message.startswith(expected)


def test_a_file_that_is_not_text_is_refused(info: str, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(MinitorrentError, match="not UTF-8"):
        read_config([info, "1", "--config", str(tmp_path / "binary")], {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("loud = true", True), ("loud = false", False), ("loud = 'yes'", True), ("", False)],
)
def test_switches_are_true_or_false(tmp_path: Path, text: str, expected: bool) -> None:
    path = tmp_path / "switch.toml"
    path.write_text(text)
    parser = argparse.ArgumentParser()
    switch = parser.add_argument("--loud", action="store_true")
    Sources([switch], {}, path).give_defaults(parser, ["loud"])
    assert parser.parse_args([]).loud is expected


def test_a_switch_is_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "switch.toml"
    path.write_text("loud = 'very'")
    switch = argparse.ArgumentParser().add_argument("--loud", action="store_true")
    with pytest.raises(MinitorrentError, match="loud: write true or false"):
        Sources([switch], {}, path)


def test_a_subcommand_takes_its_own_options_from_a_trackers_file(file: Path) -> None:
    command = Subcommand(
        "show", "Show.", lambda parser: add_where(parser.add_argument), database_of
    )
    found = parse(command.parser(), ["--config", str(file)], {})
    assert command.run(found) == SECRET
    assert not hasattr(found, "http_port")
