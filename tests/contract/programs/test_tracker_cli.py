"""The tracker's command line, as programs outside this project rely on it."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import ssl
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from common.tls import fingerprint
from common.types import Endpoint
from tests.integration.tracker.sessions import SessionClient
from tests.support.ports import free_port
from tests.support.programs import warm
from tests.support.programs.processes import Ended, ManagedProcess
from tests.support.security.certificates import trusting_context, write_certificate
from tests.support.security.secure import SecureStream

SECONDS = 30
READY = re.compile(r"tracker (\d+) ready on 127\.0\.0\.1:(\d+)(?: \(http 127\.0\.0\.1:(\d+)\))?")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "tracker", *map(str, arguments)]


def run(*arguments: object) -> Ended:
    """Start a tracker that must fail at once."""
    with running(*arguments) as process:
        return process.finish()


def running(*arguments: object) -> ManagedProcess:
    """Start a tracker with pipes; it is stopped at the end of the block."""
    return ManagedProcess(command(*arguments))


def ready(process: ManagedProcess) -> tuple[int, int, int | None]:
    """Number, session port and HTTP port from the ready line."""
    line = process.output.next(SECONDS)
    match = READY.fullmatch(line or "")
    assert match, process.story()
    return int(match[1]), int(match[2]), int(match[3]) if match[3] else None


@pytest.fixture
def info(tmp_path: Path) -> Path:
    """A file with two trackers on any free port."""
    path = tmp_path / "tracker_info.txt"
    path.write_text("# ours\n127.0.0.1\n0\n\n127.0.0.1\n0\n")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Sequence[object]:
    return ("--data-dir", tmp_path / "data")


def create_user(port: int) -> dict[str, Any]:
    """Return a tracker's answer to ann's create_user."""
    with SecureStream.dial(Endpoint("127.0.0.1", port)) as stream:
        args = {"user": "ann", "password": "secret123"}
        request = {"id": 1, "op": "create_user", "args": args}
        stream.sendall(json.dumps(request).encode() + b"\n")
        stream.readline()
        answer: dict[str, Any] = json.loads(stream.readline())
        return answer


def one_line(ended: Ended, status: int) -> str:
    """The single line of a failed start."""
    assert ended.status == status, ended
    assert ended.output == []
    (line,) = ended.errors
    assert "Traceback" not in line
    return line


def test_it_prints_its_addresses_and_serves_both_ports(
    info: Path, data: Sequence[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(warm.SWITCH)  # from nothing, as a user starts it
    with running(info, 2, *data) as process:
        number, port, http_port = ready(process)
        assert number == 2
        with SecureStream.dial(Endpoint("127.0.0.1", port)) as stream:
            greeting = json.loads(stream.readline())
        assert greeting["minitorrent"]["version"] == [1, 1]
        with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/health") as response:
            assert response.status == 200


@pytest.mark.parametrize("word", ["quit", "drain"])
def test_the_end_on_standard_input(info: Path, data: Sequence[object], word: str) -> None:
    with running(info, 1, *data) as process:
        ready(process)
        ended = process.finish("hello", word)
        assert (ended.status, len(ended.output)) == (0, 1)
        assert not any("Traceback" in line for line in ended.errors)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_signals(info: Path, data: Sequence[object], number: signal.Signals) -> None:
    with running(info, 1, *data) as process:
        ready(process)
        os.kill(process.pid, number)
        assert process.wait(SECONDS) == 0
        assert not any("Traceback" in line for line in process.errors.all)


def test_end_of_input_does_not_stop_the_tracker(info: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data) as process:
        _, port, _ = ready(process)
        process.close_input()
        assert create_user(port)["ok"]  # each takes longer than an end at once would
        assert create_user(port)["error"]["code"] == "user_exists"
        assert process.terminate(SECONDS) == 0


def test_the_default_http_port_is_the_next_one(tmp_path: Path, data: Sequence[object]) -> None:
    info = tmp_path / "fixed.txt"
    for _ in range(5):  # the second port may be taken by chance
        port = free_port()
        info.write_text(f"127.0.0.1\n{port}\n")
        with running(info, 1, *data) as process:
            line = process.output.next(SECONDS)
            if line:
                assert line == f"tracker 1 ready on 127.0.0.1:{port} (http 127.0.0.1:{port + 1})"
                return
    raise AssertionError("no two free ports in a row")


def test_the_http_port_can_be_chosen_or_off(info: Path, data: Sequence[object]) -> None:
    port = free_port()
    with running(info, 1, *data, "--http-port", port) as process:
        assert ready(process)[2] == port
    with running(info, 1, *data, "--http-port", 0) as process:
        assert ready(process)[2] is None


def test_the_public_address_can_be_one_of_a_router(tmp_path: Path, data: Sequence[object]) -> None:
    info = tmp_path / "tracker_info.txt"
    made = run("init", "203.0.113.7", info, "--port", 9400)
    assert (made.status, made.errors) == (0, [])
    assert made.output[1].split()[-3:] == ["1", "--listen", "0.0.0.0"]
    assert "exists already" in one_line(run("init", "203.0.113.7", info), 1)
    assert "--listen 0.0.0.0" in one_line(run(info, 1, *data), 1)
    ports = free_port(), free_port()
    listen = ("--listen", f"127.0.0.1:{ports[0]}", "--http-port", ports[1])
    with running(info, 1, *data, *listen) as process:
        line = process.output.next(SECONDS)
        assert line == f"tracker 1 ready on 203.0.113.7:9400 (http 203.0.113.7:{ports[1]})"
        with SessionClient(Endpoint("127.0.0.1", ports[0])) as ann:
            ann.sign_up("ann").call("create_group", group="lab")
            [url] = ann.call("announce_key", group="lab")["announce_urls"]
            assert url.startswith(f"http://203.0.113.7:{ports[1]}/announce/")
        with urllib.request.urlopen(f"http://127.0.0.1:{ports[1]}/health") as response:
            assert response.status == 200


def test_state_is_kept_in_the_data_folder(info: Path, tmp_path: Path) -> None:
    for expected in (True, False):
        with running(info, 1, "--data-dir", tmp_path / "data") as process:
            _, port, _ = ready(process)
            assert create_user(port)["ok"] is expected
    assert {path.name for path in tmp_path.iterdir()} == {"data", "tracker_info.txt"}


def test_another_database(info: Path, tmp_path: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data, "--database", f"sqlite:///{tmp_path / 'x.db'}") as process:
        ready(process)
    assert (tmp_path / "x.db").exists()
    assert not list((tmp_path / "data").glob("*.db*"))


def test_the_default_folder_is_in_the_users_home(
    info: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with running(info, 1) as process:
        ready(process)
    assert list(tmp_path.glob("**/minitorrent/tracker/tracker.db"))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "required"),
        (["INFO"], "NUMBER"),
        (["INFO", "0"], "'0' is not a number from 1"),
        (["INFO", "two"], "'two' is not a number"),
        (["INFO", "3"], "which lists 2"),
        (["INFO", "1", "--no-such-option"], "--no-such-option"),
        (["INFO", "1", "--http-port", "70000"], "'70000'"),
        (["INFO", "1", "--log-level", "loud"], "loud"),
        (["INFO", "1", "--listen", "10.0.0"], "--listen"),
        (["init"], "PUBLIC_ADDRESS"),
        (["INFO", "1", "--min-password-length", "-1"], "--min-password-length"),
        (["/no/such/file", "1"], "can't read /no/such/file"),
        (["/", "1"], "can't read /"),
    ],
)
def test_usage_errors(info: Path, arguments: list[str], part: str) -> None:
    actual = [str(info) if word == "INFO" else word for word in arguments]
    assert part in one_line(run(*actual), 2)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "lists no tracker"),
        (b"127.0.0.1\n", "Line 1"),
        (b"127.0.0.1\nport\n", "Line 2"),
        (b"\xff\xfe\n1\n", "UTF-8"),
        (b"127.0.0.1\n65535\n", "--http-port"),
    ],
)
def test_a_bad_tracker_information_file(tmp_path: Path, content: bytes, part: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    assert part in one_line(run(path, 1), 2)


def test_a_port_in_use(tmp_path: Path, info: Path, data: Sequence[object]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fixed = tmp_path / "fixed.txt"
        fixed.write_text(f"127.0.0.1\n{port}\n")
        refusal = f"can't listen on 127.0.0.1:{port}: Address already in use"
        assert one_line(run(fixed, 1, *data, "--http-port", 0), 1).endswith(refusal)
        assert one_line(run(info, 1, *data, "--http-port", port), 1).endswith(refusal)


@pytest.mark.parametrize("url", ["nosuch://x/y", "sqlite:////no/such/folder/x.db"])
def test_a_database_that_cannot_be_opened(info: Path, data: Sequence[object], url: str) -> None:
    assert "database" in one_line(run(info, 1, *data, "--database", url), 1)


def test_an_unusable_data_folder(info: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "folder" in one_line(run(info, 1, "--data-dir", tmp_path / "file"), 1)


def test_help(info: Path) -> None:
    ended = run("--help")
    assert ended.status == 0
    assert any("TRACKER_INFO" in line for line in ended.output)


def test_logs_can_be_json(info: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data, "--log-format", "json") as process:
        ready(process)
        events = [json.loads(line) for line in process.finish("quit").errors]
    assert [event["event"] for event in events] == ["tracker started", "tracker stopped"]
    assert all(event["level"] == "info" and event["timestamp"] for event in events)


def test_logs_can_be_quiet(info: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data, "--log-level", "error") as process:
        ready(process)
        assert process.finish("quit").errors == []


def test_short_passwords_can_be_refused(info: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data, "--min-password-length", 12) as process:
        _, port, _ = ready(process)
        assert create_user(port)["error"]["code"] == "weak_password"


def certificate_at(port: int) -> str:
    """The fingerprint of the certificate that a tracker shows."""
    with SecureStream.dial(Endpoint("127.0.0.1", port)) as stream:
        certificate = stream.tls.peer_certificate
        assert certificate is not None
        return fingerprint(certificate)


def test_its_own_certificate_is_created_once(info: Path, tmp_path: Path) -> None:
    seen = set()
    for _ in range(2):
        with running(info, 1, "--data-dir", tmp_path / "data") as process:
            seen.add(certificate_at(ready(process)[1]))
    assert len(seen) == 1
    kept = tmp_path / "data" / "tracker.pem"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert {path.suffix for path in kept.parent.iterdir() if "tracker.pem" in path.name} == {".pem"}


def test_an_operators_certificate(info: Path, tmp_path: Path, data: Sequence[object]) -> None:
    certificate, key = write_certificate(tmp_path, "tracker.example")
    expected = fingerprint(ssl.PEM_cert_to_DER_cert(certificate.read_text()))
    with running(info, 1, *data, "--tls-cert", certificate, "--tls-key", key) as process:
        assert certificate_at(ready(process)[1]) == expected


def test_an_unusable_certificate(info: Path, tmp_path: Path, data: Sequence[object]) -> None:
    certificate, key = write_certificate(tmp_path, "one")
    _, other_key = write_certificate(tmp_path, "two")
    one_line(run(info, 1, *data, "--tls-cert", certificate), 2)
    one_line(run(info, 1, *data, "--tls-key", key), 2)
    for bad in (other_key, info, tmp_path / "nowhere"):
        said = one_line(run(info, 1, *data, "--tls-cert", certificate, "--tls-key", bad), 1)
        assert str(certificate) in said


def test_foreign_entries_in_the_data_folder_neither_block_nor_get_replaced(
    info: Path, tmp_path: Path
) -> None:
    for name in ("tracker.pem", "authority.key"):
        folder = tmp_path / f"with {name}"
        folder.mkdir()
        os.mkfifo(folder / name)
        assert name in one_line(run(info, 1, "--data-dir", folder), 1)
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "tracker.pem").write_bytes(b"precious")
    one_line(run(info, 1, "--data-dir", folder), 1)
    assert (folder / "tracker.pem").read_bytes() == b"precious"
    for odd in (folder / "tracker.pem", "/dev/null"):
        assert str(odd) in one_line(run(info, 1, "--data-dir", odd), 1)


def test_only_tls_13_is_accepted(info: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data) as process:
        _, port, _ = ready(process)
        old = trusting_context()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            SecureStream(socket.create_connection(("127.0.0.1", port), SECONDS), old)


def test_a_key_that_does_not_open_the_database(
    info: Path, data: Sequence[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(info, 1, *data) as process:
        ready(process)
    with monkeypatch.context() as environment:
        other = base64.b64encode(bytes(32)).decode()
        environment.setenv("MINITORRENT_AUTHORITY_KEY", other)
        assert "authority.key" in one_line(run(info, 1, *data), 1)
    key = Path(str(data[1])) / "authority.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    assert "is missing" in one_line(run(info, 1, *data), 1)
