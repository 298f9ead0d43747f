"""The HTTP API of a running client: its answers and refusals."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from client.commands.command import Kind
from client.commands.registry import COMMANDS
from common.types import Endpoint
from tests.support.ports import free_port
from tests.support.programs.processes import ClientProcess, ManagedProcess, TrackerProcess
from tests.support.programs.web import caller, link_of, token_of

WEB = ("--web", "127.0.0.1:0")
ENDS = {"quit", "exit"}
PLACES = {name for name, c in COMMANDS.items() if any(p.kind is Kind.PATH for p in c.parts)}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientProcess]:
    folder = tmp_path_factory.mktemp("web")
    with (
        TrackerProcess(folder / "tracker") as tracker,
        ClientProcess(folder / "ann", [tracker], *WEB) as client,
    ):
        client.sign_in("ann")
        client.ok("create_group lab")
        yield client


@pytest.fixture
def web(client: ClientProcess) -> Iterator[httpx.Client]:
    with caller(client) as web:
        yield web


def test_shell_and_api_share_one_session(
    client: ClientProcess, web: httpx.Client, tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"what a group shares\n")
    answer = web.post("/api/v1/upload_file", json={"path": str(path), "group": "lab"})
    assert answer.status_code == 200
    assert answer.json()["command"] == "upload_file"
    assert answer.json()["result"]["size"] == 20
    assert answer.headers["cache-control"] == "no-store"
    [row] = client.ok("list_files lab")["files"]
    assert row["name"] == "notes.txt"
    assert web.post("/api/v1/list_groups").json() == client.run("list_groups")


@pytest.mark.parametrize(
    ("command", "body", "status", "code"),
    [
        ("list_files", {"group": "nowhere"}, 404, "no_such_group"),
        ("create_group", {"group": "lab"}, 409, "group_exists"),
        ("create_group", {"group": "a b"}, 400, "invalid_name"),
        ("create_user", {"user": "a b", "password": "secret123"}, 400, "invalid_name"),
        ("create_group", {"group": 7}, 400, "usage"),
        ("create_group", {}, 400, "usage"),
        ("create_group", {"group": "x", "opne": True}, 400, "usage"),
        ("wait", {"seconds": -1}, 400, "usage"),
    ],
)
def test_an_error_has_a_status_a_code_and_a_sentence(
    web: httpx.Client, command: str, body: dict[str, object], status: int, code: str
) -> None:
    answer = web.post(f"/api/v1/{command}", json=body)
    assert answer.status_code == status
    assert answer.json()["ok"] is False
    assert answer.json()["error"]["code"] == code


def test_only_json_of_bounded_size_is_accepted(web: httpx.Client) -> None:
    form = web.post("/api/v1/create_group", data={"group": "formed"})
    huge = web.post("/api/v1/create_group", json={"group": "x" * 100_000})
    broken = web.post(
        "/api/v1/create_group", content=b"{", headers={"Content-Type": "application/json"}
    )
    assert [answer.status_code for answer in (form, huge, broken)] == [400, 400, 400]


def test_a_password_is_never_repeated(client: ClientProcess, web: httpx.Client) -> None:
    answer = web.post("/api/v1/login", json={"user": "ann", "password": ["never-shown"]})
    assert answer.status_code == 400
    assert "never-shown" not in answer.text + client.story()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Authorization": "Bearer guessed"}, 401),
        ({"Authorization": ""}, 401),
    ],
)
def test_requests_from_another_origin_are_refused(
    client: ClientProcess, web: httpx.Client, headers: dict[str, str], status: int
) -> None:
    for answer in (
        web.post("/api/v1/create_group", json={"group": "evil"}, headers=headers),
        web.get("/api/v1/openapi.json", headers=headers),
    ):
        assert answer.status_code == status
        assert "access-control-allow-origin" not in answer.headers
    assert "evil" not in str(client.ok("list_groups"))


def test_an_invalid_user_name_is_reported(client: ClientProcess, web: httpx.Client) -> None:
    client.ok("logout")
    answer = web.post("/api/v1/login", json={"user": "a\nb", "password": "secret123"})
    assert answer.json()["error"]["code"] == "invalid_name"
    client.ok("login ann secret123")


def test_the_link_opens_an_entry_page_without_any_secret(client: ClientProcess) -> None:
    link = link_of(client)
    token = token_of(client)
    with caller(client, authorized=False) as browser:
        for path, status in ((link, 200), ("/", 401), ("/api/v1/docs", 401)):
            entry = browser.get(path, headers={"Accept": "text/html"})
            assert entry.status_code == status
            assert "set-cookie" not in entry.headers
            assert token not in entry.text
        assert (
            browser.get(link).status_code == 401
        )  # for other programs than browsers, the header alone
        assert browser.post("/api/v1/whoami").status_code == 401
    with caller(client) as browser:
        assert token not in browser.get("/").text
        assert "set-cookie" not in browser.get("/").headers


def test_open_prints_the_link_where_no_browser_can_start(
    client: ClientProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    state = str(client.folder / "state")
    command = [sys.executable, "-m", "client", "open", "--data-dir", state]
    with ManagedProcess(command) as opened:
        assert opened.wait() == 0
        assert opened.output.all == [link_of(client)]


def test_the_link_stays_valid_until_it_is_renewed(tmp_path: Path) -> None:
    def run(*options: str) -> str:
        with ClientProcess(tmp_path, [Endpoint("127.0.0.1", 1)], *WEB, *options) as client:
            return token_of(client)

    first = run()
    assert (tmp_path / "state" / "page.token").stat().st_mode & 0o777 == 0o600
    assert run() == first
    renewed = run("--web-renew")
    assert renewed != first
    (tmp_path / "state" / "page.token").chmod(0o644)
    assert run() not in (first, renewed)


def test_the_link_is_renewed_when_another_program_has_the_port(tmp_path: Path) -> None:
    port = free_port()
    web = ("--web", f"127.0.0.1:{port}")
    with ClientProcess(tmp_path, [Endpoint("127.0.0.1", 1)], *web) as client:
        token = token_of(client)
    with (
        socket.create_server(("127.0.0.1", port)),
        ClientProcess(tmp_path, [Endpoint("127.0.0.1", 1)], *web) as client,
    ):
        assert client.wait() == 1
    with ClientProcess(tmp_path, [Endpoint("127.0.0.1", 1)], *WEB) as client:
        assert token_of(client) != token


def test_events_are_streamed_as_they_happen(client: ClientProcess, web: httpx.Client) -> None:
    with web.stream("GET", "/api/v1/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines) == "event: overview"
        assert json.loads(next(lines).removeprefix("data: "))["user"] == "ann"
        client.ok("create_user zoe short")  # warns of a short password
        notices = (next(lines) for line in lines if line == "event: notice")
        kinds = (json.loads(notice.removeprefix("data: "))["kind"] for notice in notices)
        assert "warning" in kinds  # earlier tests may have caused others


def test_everything_is_documented(web: httpx.Client) -> None:
    paths = web.get("/api/v1/openapi.json").json()["paths"]
    assert set(paths) == {f"/api/v1/{name}" for name in (*COMMANDS, "events")}
    manual = web.get("/api/v1/docs").text
    assert all(f"/api/v1/{name}" in manual for name in COMMANDS)


@pytest.mark.parametrize("logged_in", [False, True])
def test_no_request_breaks_the_api(
    client: ClientProcess, web: httpx.Client, logged_in: bool
) -> None:
    """All commands without a login; with one, only those without a local path."""
    if not logged_in:
        client.ok("logout")
    headers = {"Authorization": web.headers["Authorization"]}
    schema = schemathesis.openapi.from_url(f"{web.base_url}/api/v1/openapi.json", headers=headers)
    unruly: list[CheckFunction] = [positive_data_acceptance]
    # A made-up account could log in, and then find places; a made-up number could be the login's.
    skipped = {*ENDS, "events", "logout"}
    skipped |= PLACES | {"end_session"} if logged_in else {"create_user"}
    asked = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if operation.path.rpartition("/")[2] in skipped:
            continue

        @settings(
            max_examples=4, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case[Any]) -> None:
            # Whether there is a group or file of a name, no schema can tell.
            case.call_and_validate(headers=headers, excluded_checks=unruly)

        ask()
        asked += 1
    assert asked >= len(COMMANDS) - len(skipped)
    assert client.run("whoami")["ok"] is logged_in
    if not logged_in:
        client.ok("login ann secret123")


def test_quit_ends_the_client(tmp_path: Path) -> None:
    with (
        TrackerProcess(tmp_path / "tracker") as tracker,
        ClientProcess(tmp_path / "bob", [tracker], "--web", "localhost:0") as bob,
    ):
        with caller(bob) as web:
            answer = web.post("/api/v1/quit").json()
        assert answer == {"command": "quit", "ok": True, "result": {}}
        assert bob.wait() == 0


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("0.0.0.0:0", 2, "--web-any"),
        ("nonsense", 2, "is not an address"),
        ("TAKEN", 1, "choose another --web"),
    ],
)
def test_invalid_page_addresses(tmp_path: Path, address: str, status: int, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = address.replace("TAKEN", f"127.0.0.1:{taken.getsockname()[1]}")
        with ClientProcess(tmp_path, [Endpoint("127.0.0.1", 1)], "--web", given) as client:
            assert client.wait() == status
            assert said in client.errors.tail()
            assert "Traceback" not in client.errors.tail()
