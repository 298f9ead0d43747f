from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from client.web.guard import Guard
from common.types import Endpoint

TOKEN = "a-token"
HOST = "127.0.0.1:8080"
COOKIE = f"minitorrent-8080={TOKEN}"


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """What the guard stands before."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the page"})


def ask(kind: str = "http", query: str = "", **headers: str) -> list[Message]:
    """What is answered to a request with these headers, `_` in a name standing for `-`."""
    answers: list[Message] = []
    named = {"host": HOST, **{name.replace("_", "-"): text for name, text in headers.items()}}

    async def send(message: Message) -> None:
        answers.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is to be read")

    scope: dict[str, Any] = {
        "type": kind,
        "method": "GET",
        "path": "/",
        "query_string": query.encode(),
        "headers": [(name.encode(), text.encode("latin-1")) for name, text in named.items()],
    }
    asyncio.run(Guard(page, TOKEN, Endpoint.parse(HOST))(scope, receive, send))
    return answers


def test_who_has_the_cookie_or_the_token_gets_in() -> None:
    for headers in ({"cookie": COOKIE}, {"authorization": f"Bearer {TOKEN}"}):
        for origin in ({}, {"origin": f"http://{HOST}"}, {"sec_fetch_site": "same-origin"}):
            assert ask(**headers, **origin)[0]["status"] == 200
    assert ask("websocket", cookie=COOKIE) == [{"type": "websocket.accept"}]


def test_the_link_is_exchanged_for_a_cookie_that_no_script_reads() -> None:
    answer = ask(query=f"token={TOKEN}")[0]
    headers = dict(answer["headers"])
    assert (answer["status"], headers[b"location"]) == (303, b"/")
    cookie = headers[b"set-cookie"].decode()
    assert cookie.startswith(COOKIE)
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (401, {}),
        (401, {"cookie": "minitorrent-8080=wrong"}),
        (401, {"cookie": "minitorrent-8080"}),
        (401, {"cookie": "\xff"}),
        (401, {"authorization": "Bearer \xff"}),
        (401, {"authorization": f"Basic {TOKEN}"}),
        (421, {"cookie": COOKIE, "host": "evil.example:8080"}),
        (403, {"cookie": COOKIE, "origin": "http://evil.example"}),
        (403, {"cookie": COOKIE, "origin": "null"}),
        (403, {"cookie": COOKIE, "origin": "http://127.0.0.1:9999"}),
        (403, {"cookie": COOKIE, "sec_fetch_site": "cross-site"}),
        (403, {"cookie": COOKIE, "sec_fetch_site": "same-site"}),
    ],
)
def test_nobody_else_gets_in(status: int, headers: dict[str, str]) -> None:
    assert ask(**headers)[0]["status"] == status
    assert ask("websocket", **headers) == [{"type": "websocket.close", "code": 1008}]


def test_a_token_in_a_link_opens_nothing_from_elsewhere() -> None:
    assert ask(query=f"token={TOKEN}", origin="http://evil.example")[0]["status"] == 403
    assert ask(query="token=wrong")[0]["status"] == 401


def test_every_answer_forbids_frames_and_sniffing() -> None:
    for answer in (ask(cookie=COOKIE)[0], ask()[0]):
        headers = dict(answer["headers"])
        assert headers[b"x-frame-options"] == b"DENY"
        assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]


def test_what_is_no_request_passes() -> None:
    assert ask("lifespan")[0]["type"] == "http.response.start"
