"""The tracker's command line, as programs outside this project rely on it."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from common.tls import fingerprint
from common.types import Endpoint
from tests.support.certificates import trusting_context, write_certificate
from tests.support.ports import free_port
from tests.support.secure import SecureStream

SECONDS = 30
READY = re.compile(r"tracker (\d+) ready on 127\.0\.0\.1:(\d+)(?: \(http 127\.0\.0\.1:(\d+)\))?\n")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "tracker", *map(str, arguments)]


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """A tracker that is to fail at once."""
    return subprocess.run(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, **environment},
        check=False,
    )


@contextmanager
def running(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A tracker with pipes; killed at the end, should it still be there."""
    with subprocess.Popen(
        command(*arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ready(process: subprocess.Popen[str]) -> tuple[int, int, int | None]:
    """Number, session port and HTTP port from the ready line."""
    assert process.stdout is not None
    line = process.stdout.readline()
    match = READY.fullmatch(line)
    assert match, line
    return int(match[1]), int(match[2]), int(match[3]) if match[3] else None


def errors_of(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.read()


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
    """What a tracker answers when ann makes her account."""
    with SecureStream.dial(Endpoint("127.0.0.1", port)) as stream:
        args = {"user": "ann", "password": "secret123"}
        request = {"id": 1, "op": "create_user", "args": args}
        stream.sendall(json.dumps(request).encode() + b"\n")
        stream.readline()
        answer: dict[str, Any] = json.loads(stream.readline())
        return answer


def one_line(result: subprocess.CompletedProcess[str], status: int) -> str:
    """The single line of a failed start."""
    assert result.returncode == status, result
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr
    return result.stderr


def test_it_says_where_it_is_and_serves_both_ports(info: Path, data: Sequence[object]) -> None:
    with running(info, 2, *data) as process:
        number, port, http_port = ready(process)
        assert number == 2
        with SecureStream.dial(Endpoint("127.0.0.1", port)) as stream:
            greeting = json.loads(stream.readline())
        assert greeting["minitorrent"]["version"] == [1, 1]
        with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/health") as response:
            assert response.status == 200


def test_quit_on_standard_input(info: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data) as process:
        ready(process)
        output, errors = process.communicate("hello\nquit\n", SECONDS)
        assert (process.returncode, output) == (0, "")
        assert "Traceback" not in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals(info: Path, data: Sequence[object], number: signal.Signals) -> None:
    with running(info, 1, *data) as process:
        ready(process)
        process.send_signal(number)
        assert process.wait(SECONDS) == 0
        assert "Traceback" not in errors_of(process)


def test_end_of_input_does_not_end_it(info: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data) as process:
        _, port, _ = ready(process)
        assert process.stdin is not None
        process.stdin.close()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        socket.create_connection(("127.0.0.1", port), SECONDS).close()
        process.terminate()
        assert process.wait(SECONDS) == 0


def test_the_http_port_is_the_next_one(tmp_path: Path, data: Sequence[object]) -> None:
    info = tmp_path / "fixed.txt"
    for _ in range(5):  # the second port may be taken by chance
        port = free_port()
        info.write_text(f"127.0.0.1\n{port}\n")
        with running(info, 1, *data) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            if line:
                assert line == (
                    f"tracker 1 ready on 127.0.0.1:{port} (http 127.0.0.1:{port + 1})\n"
                )
                return
    raise AssertionError("no two free ports in a row")


def test_the_http_port_is_chosen_or_off(info: Path, data: Sequence[object]) -> None:
    port = free_port()
    with running(info, 1, *data, "--http-port", port) as process:
        assert ready(process)[2] == port
    with running(info, 1, *data, "--http-port", 0) as process:
        assert ready(process)[2] is None


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


def test_the_default_folder_is_the_users(info: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    with subprocess.Popen(
        command(info, 1), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            ready(process)
        finally:
            process.kill()
    assert list(tmp_path.glob("**/minitorrent/tracker/tracker.db"))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "required"),
        (["INFO"], "NUMBER"),
        (["INFO", "0"], "'0' is not a number from 1"),
        (["INFO", "two"], "'two' is not a number"),
        (["INFO", "3"], "lists 2 tracker(s)"),
        (["INFO", "1", "--no-such-option"], "--no-such-option"),
        (["INFO", "1", "--http-port", "70000"], "'70000'"),
        (["INFO", "1", "--log-level", "loud"], "loud"),
        (["INFO", "1", "--min-password-length", "-1"], "--min-password-length"),
        (["/no/such/file", "1"], "/no/such/file can't be read"),
        (["/", "1"], "can't be read"),
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
        refusal = f"can't listen on 127.0.0.1:{port}: Address already in use\n"
        assert one_line(run(fixed, 1, *data, "--http-port", 0), 1).endswith(refusal)
        assert one_line(run(info, 1, *data, "--http-port", port), 1).endswith(refusal)


@pytest.mark.parametrize("url", ["nosuch://x/y", "sqlite:////no/such/folder/x.db"])
def test_a_database_that_cannot_be_opened(info: Path, data: Sequence[object], url: str) -> None:
    assert "database" in one_line(run(info, 1, *data, "--database", url), 1)


def test_a_data_folder_that_is_none(info: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "folder" in one_line(run(info, 1, "--data-dir", tmp_path / "file"), 1)


def test_help(info: Path) -> None:
    result = run("--help")
    assert result.returncode == 0
    assert "TRACKER_INFO" in result.stdout


def test_logs_can_be_json(info: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data, "--log-format", "json") as process:
        ready(process)
        _, errors = process.communicate("quit\n", SECONDS)
    events = [json.loads(line) for line in errors.splitlines()]
    assert [event["event"] for event in events] == ["tracker started", "tracker stopped"]
    assert all(event["level"] == "info" and event["timestamp"] for event in events)


def test_logs_can_be_quiet(info: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data, "--log-level", "error") as process:
        ready(process)
        _, errors = process.communicate("quit\n", SECONDS)
    assert errors == ""


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


def test_its_own_certificate_is_made_once(info: Path, tmp_path: Path) -> None:
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


def test_a_certificate_that_is_of_no_use(
    info: Path, tmp_path: Path, data: Sequence[object]
) -> None:
    certificate, key = write_certificate(tmp_path, "one")
    _, other_key = write_certificate(tmp_path, "two")
    one_line(run(info, 1, *data, "--tls-cert", certificate), 2)
    one_line(run(info, 1, *data, "--tls-key", key), 2)
    for bad in (other_key, info, tmp_path / "nowhere"):
        said = one_line(run(info, 1, *data, "--tls-cert", certificate, "--tls-key", bad), 1)
        assert str(certificate) in said


def test_what_lies_in_the_data_folder_is_neither_waited_for_nor_replaced(
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


def test_only_the_newest_tls_is_spoken(info: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data) as process:
        _, port, _ = ready(process)
        old = trusting_context()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            SecureStream(socket.create_connection(("127.0.0.1", port), SECONDS), old)


def test_a_key_that_does_not_open_the_database(info: Path, data: Sequence[object]) -> None:
    with running(info, 1, *data) as process:
        ready(process)
        process.communicate("quit\n", SECONDS)
    other = base64.b64encode(bytes(32)).decode()
    assert "authority.key" in one_line(run(info, 1, *data, MINITORRENT_AUTHORITY_KEY=other), 1)
    key = Path(str(data[1])) / "authority.key"
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    assert "is missing" in one_line(run(info, 1, *data), 1)
