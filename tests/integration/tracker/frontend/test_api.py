"""The operations over HTTP: results, rights and refusals."""

from __future__ import annotations

import json
import logging
import socket
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from common.api.registry import OPERATIONS
from tests.integration.tracker.conftest import Serve
from tests.integration.tracker.http_client import HttpClient
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.sessions import (
    SessionClient,
    as_base64,
    make_metainfo,
)
from tests.support.waiting import wait_until
from tracker.app import TrackerApp

JSON = {"Content-Type": "application/json"}


# --- what can be done -------------------------------------------------------------------------
def test_a_group_can_be_managed_over_http(tracker: TrackerApp, web: HttpClient) -> None:
    assert web.call("create_user", user="zoe", password="secret123") == {
        "user": "zoe",
        "warning": None,
        "group": None,
    }
    reply = web.login("zoe")
    assert (reply["user"], reply["groups"]) == ("zoe", [])
    assert reply["expires_at"].endswith("Z")
    web.call("create_group", group="lab", mode="open")
    bob = HttpClient(tracker)
    bob.call("create_user", user="bob", password="secret123")
    bob.login("bob")
    bob.call("join_group", group="lab")
    assert [n["kind"] for n in web.call("list_notices")["notices"]] == ["join_requested"]
    web.call("accept_request", group="lab", user="bob")
    source = bob.call("get_group", group="lab")["source"]
    data = as_base64(make_metainfo("x.bin", b"content", source))
    bob.call("add_file", group="lab", name="x.bin", metainfo=data)
    assert web.call("get_file", group="lab", name="x.bin")["metainfo"] == data
    (key,) = bob.call("announce_key", group="lab")["announce_urls"]
    assert key.startswith(f"http://{tracker.http_address}/announce/")
    assert bob.call("logout")["user"] == "bob"
    assert bob.refused("list_groups") == (401, "not_logged_in")


def test_http_requests_do_not_make_a_user_online(
    ann: SessionClient, bob: SessionClient, web: HttpClient
) -> None:
    web.login("bob")
    bob.close()

    def is_offline() -> bool:
        web.call("list_groups")
        members = ann.call("list_members", group="lab")["members"]
        return {m["user"]: m["online"] for m in members} == {"ann": True, "bob": False}

    wait_until(is_offline, what="bob to be offline")


@pytest.mark.any_database
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_served_or_explains_why_not(web: HttpClient, name: str) -> None:
    operation = OPERATIONS[name]
    status, code = (200, "") if name == "ping" else web.refused(name)
    if operation.session_only:
        assert (status, code) == (409, "usage")
    elif operation.needs_login:
        assert (status, code) == (401, "not_logged_in")
    else:
        assert name == "ping" or (status, code) == (400, "usage")


# --- passwords --------------------------------------------------------------------------------
class FromAfar:
    """The web application, as if all its clients were on another machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "client": ("192.0.2.1", 40000)}, receive, send)


@pytest.mark.any_database
def test_remote_plain_http_accepts_no_password(lab: Lab, serve: Serve) -> None:
    near = HttpClient(serve(lab.services))
    near.login("ann")
    afar = HttpClient(serve(lab.services, middleware=FromAfar), near.token)
    password = {"user": "ann", "password": "secret123"}
    assert afar.refused("login", **password) == (403, "permission_denied")
    assert afar.refused("create_user", **password) == (403, "permission_denied")
    change = {"old": "secret123", "new": "new secret"}
    assert afar.refused("change_password", **change) == (403, "permission_denied")
    check = {"password": "secret123"}
    assert afar.refused("check_password", **check) == (403, "permission_denied")
    afar.call("list_groups")  # a token will do


@pytest.mark.any_database
def test_guessing_over_http_is_throttled(web: HttpClient, ann: SessionClient) -> None:
    guess = {"user": "ann", "password": "wrong"}
    assert [web.refused("login", **guess) for _ in range(11)] == [
        *([(403, "bad_credentials")] * 10),
        (429, "too_many_attempts"),
    ]
    assert web.refused("login", user="ann", password="secret123") == (429, "too_many_attempts")


@pytest.mark.any_database
def test_no_secret_reaches_the_log(
    ann_web: HttpClient, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = ann_web.call("create_token", scope="read")["token"]
    ann_web.call("change_password", old="secret123", new="open sesame")
    ann_web.refused("login", user="ann", password="shut sesame")
    output = capfd.readouterr()
    logged = output.out + output.err + caplog.text
    for secret in (ann_web.token, made, "sesame", "secret123"):
        assert secret not in logged


# --- what is no proper request ----------------------------------------------------------------
@pytest.mark.any_database
@pytest.mark.parametrize(
    ("path", "body", "headers", "expected"),
    [
        ("/api/v1/nothing", b"{}", JSON, (404, "usage")),
        ("/api/v1/", b"{}", JSON, (404, "usage")),
        ("/nothing", b"{}", JSON, (404, "usage")),
        ("/api/v1/create_user", b"{}", {}, (415, "usage")),
        ("/api/v1/create_user", b"{}", {"Content-Type": "text/plain"}, (415, "usage")),
        ("/api/v1/create_user", b"", JSON, (400, "usage")),
        ("/api/v1/create_user", b"[]", JSON, (400, "usage")),
        ("/api/v1/create_user", b'{"user":', JSON, (400, "usage")),
        ("/api/v1/create_user", b"[" * 10_000, JSON, (400, "usage")),
        ("/api/v1/create_user", b'{"user":7,"password":"x"}', JSON, (400, "usage")),
        ("/api/v1/create_user", b'{"user":"a b","password":"x"}', JSON, (400, "invalid_name")),
        ("/api/v1/create_user", b'{"user":"' + b"a" * 70_000 + b'"}', JSON, (413, "usage")),
    ],
)
def test_invalid_requests(
    web: HttpClient, path: str, body: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    status, shown, answer = web.send(path, body, headers)
    error = json.loads(answer)["error"]
    assert (status, error["code"]) == expected
    assert shown["content-type"] == "application/json"


@pytest.mark.any_database
def test_other_methods_are_refused(web: HttpClient) -> None:
    status, headers, body = web.send("/api/v1/ping", method="GET")
    assert (status, headers["allow"]) == (405, "POST")
    assert json.loads(body)["error"]["code"] == "usage"


@pytest.mark.any_database
def test_large_bodies_need_a_token(tracker: TrackerApp) -> None:
    assert tracker.http_address is not None
    with socket.create_connection(tracker.http_address, 10) as sock:
        sock.sendall(
            b"POST /api/v1/add_file HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 8000000\r\n\r\n"
        )
        assert sock.recv(100).startswith(b"HTTP/1.1 401 ")


@pytest.mark.any_database
def test_an_endless_request(lab: Lab, serve: Serve) -> None:
    address = serve(lab.services, body_seconds=0.2).http_address
    assert address is not None
    with socket.create_connection(address, 10) as sock:
        sock.sendall(
            b"POST /api/v1/ping HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 10\r\n\r\n{"
        )
        assert sock.recv(100).startswith(b"HTTP/1.1 408 ")


@pytest.mark.any_database
def test_responses_with_secrets_are_not_cached(web: HttpClient, ann: SessionClient) -> None:
    body = b'{"user":"ann","password":"secret123"}'
    status, headers, _ = web.send("/api/v1/login", body, JSON)
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert "access-control-allow-origin" not in headers
    status, headers, _ = web.send("/api/v1/logout", b"{}", JSON)
    assert (status, headers["www-authenticate"]) == (401, "Bearer")


# --- its description --------------------------------------------------------------------------
@pytest.mark.any_database
def test_every_operation_is_described(web: HttpClient) -> None:
    status, _, body = web.send("/openapi.json", method="GET")
    described: dict[str, Any] = json.loads(body)
    paths = described["paths"]
    assert status == 200
    assert {path.removeprefix("/api/v1/") for path in paths if path.startswith("/api/")} == set(
        OPERATIONS
    )
    entry = paths["/api/v1/accept_request"]["post"]
    refused = entry["responses"]["404"]["content"]["application/json"]["schema"]
    codes = refused["properties"]["error"]["properties"]["code"]["enum"]
    assert codes == ["no_such_group", "no_such_request", "no_such_user"]
    assert all(methods["post"]["summary"] for path, methods in paths.items() if "/api/" in path)
    assert entry["security"] == [{"token": []}]
    assert "`admin`" in entry["description"]
    assert "Not over HTTP" in paths["/api/v1/announce"]["post"]["description"]
    assert "security" not in paths["/api/v1/login"]["post"]
    status, headers, body = web.send("/docs", method="GET")
    assert status == 200
    assert headers["content-security-policy"].startswith("default-src 'none'")
    page = body.decode()
    for operation in OPERATIONS.values():
        assert f"POST /api/v1/{operation.name}<" in page
        assert all(code.value in page for code in operation.errors)
    assert "src=" not in page  # it needs nothing from elsewhere


@pytest.mark.any_database
def test_metrics_for_operators(
    tracker: TrackerApp, ann: SessionClient, bob: SessionClient, ann_web: HttpClient
) -> None:
    info_hash = ann.upload("lab", "x.bin")["info_hash"]
    ann.announce(info_hash, 0)
    bob.announce(info_hash, 7)
    ann_web.refused("promote", group="lab", user="eve")
    ann_web.send(f"/announce/nobody?info_hash={'a' * 20}", method="GET")
    _, _, body = ann_web.send("/metrics", method="GET")
    for line in (
        b"minitorrent_connections 2.0",
        b"minitorrent_sessions 2.0",
        b"minitorrent_peers 2.0",
        b'minitorrent_announces_total{frontend="session"} 2.0',
        b'minitorrent_announces_total{frontend="http"} 1.0',
        b'minitorrent_requests_total{operation="promote",outcome="no_such_user"} 1.0',
        b'minitorrent_request_seconds_count{operation="announce"} 2.0',
    ):
        assert line in body, line
    assert ann_web.token.encode() not in body
