"""The command line as a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tracker.command_line import read_config
from tracker.config import Config
from tracker.quotas import Quotas


@pytest.fixture
def info(tmp_path: Path) -> str:
    path = tmp_path / "info.txt"
    path.write_text("127.0.0.1\n7400\n::1\n0\nhost\n65535\n")
    return str(path)


def test_everything_has_a_default(info: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    config = read_config([info, "1"])
    assert config == Config(
        number=1,
        address=Endpoint("127.0.0.1", 7400),
        http_port=7401,
        database=f"sqlite:///{config.data_dir}/tracker.db",
        data_dir=config.data_dir,
        log_level="info",
        log_format="text",
        min_password=0,
    )
    assert config.data_dir.parts[-2:] == ("minitorrent", "tracker")


def test_everything_can_be_chosen(info: str) -> None:
    options = "--data-dir /d --database sqlite:// --http-port 9 --log-level debug"
    more = "--log-format json --min-password-length 8 --certificate-lifetime 60"
    more += " --drain 20"
    limits = "--max-sessions 7 --max-sessions-per-address 5 --quota files=9 --quota group-files=3"
    limits += " --database-connections 16 --relay --relay-rate 1.5M"
    assert read_config([info, "2", *options.split(), *more.split(), *limits.split()]) == Config(
        number=2,
        address=Endpoint("::1", 0),
        http_port=9,
        database="sqlite://",
        data_dir=Path("/d"),
        log_level="debug",
        log_format="json",
        min_password=8,
        certificate_lifetime=60,
        drain=20,
        max_sessions=7,
        max_sessions_per_address=5,
        database_connections=16,
        quotas=Quotas(files=9, group_files=3),
        relays=True,
        relay_rate=3 << 19,
    )


def test_the_rate_of_a_relay(info: str) -> None:
    assert read_config([info, "2", "--relay", "--relay-rate", "0"]).relay_rate is None
    with pytest.raises(MinitorrentError, match="--relay-rate needs --relay"):
        read_config([info, "2", "--relay-rate", "1M"])


def test_any_session_port_has_an_http_port(info: str) -> None:
    assert read_config([info, "2"]).http_port == 0


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("0.0.0.0", Endpoint("0.0.0.0", 7400)),
        ("10.0.0.5:17400", Endpoint("10.0.0.5", 17400)),
        ("::", Endpoint("::", 7400)),
        ("[::]", Endpoint("::", 7400)),
        ("[2001:DB8::5]:80", Endpoint("2001:db8::5", 80)),
        ("::1:80", Endpoint("::1:80", 7400)),
        ("localhost:0", Endpoint("localhost", 0)),
    ],
)
def test_the_address_to_listen_on_can_be_another(info: str, typed: str, expected: Endpoint) -> None:
    config = read_config([info, "1", "--listen", typed])
    assert (config.address, config.listen) == (Endpoint("127.0.0.1", 7400), expected)
    assert config.http_port == 7401


def test_without_a_public_port_the_http_port_follows_the_private_one(info: str) -> None:
    assert read_config([info, "2", "--listen", "[::]:9000"]).http_port == 9001


def test_http_can_be_off(info: str) -> None:
    assert read_config([info, "1", "--http-port", "0"]).http_port is None


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["1"],
        ["0"],
        ["4"],
        ["3"],
        ["x"],
        ["1", "--http-port", "65536"],
        ["1", "--what"],
        ["1", "--quota", "chairs=3"],
        ["1", "--listen", "10.0.0"],
        ["1", "--listen", "host:"],
        ["1", "--listen", "a/b:80"],
        ["1", "--listen", ""],
        ["1", "--listen", "0.0.0.0:7401"],
    ],
)
def test_errors_are_one_sentence(info: str, arguments: list[str]) -> None:
    words = ["/nowhere", "1"] if arguments == ["1"] else [info, *arguments]
    with pytest.raises(MinitorrentError) as raised:
        read_config(words)
    assert raised.value.code is ErrorCode.USAGE
    assert "\n" not in raised.value.message
