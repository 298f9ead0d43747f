from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from client.web.guard import Guard
from client.web.open_codes import OpenCodes
from common.types import Endpoint

LINK = "a-token"
RUN = "another-token"
HOST = "127.0.0.1:8080"
PROOF = f"Bearer {LINK}"
CODES = OpenCodes(lambda _browser, _server: True)


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """The application behind the guard."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the page"})


def ask(
    kind: str = "http", query: str = "", path: str = "/", method: str = "GET", **headers: str
) -> list[Message]:
    """Return the answer to a request with these headers (`_` stands for `-`)."""
    answers: list[Message] = []
    named = {"host": HOST, **{name.replace("_", "-"): text for name, text in headers.items()}}

    async def send(message: Message) -> None:
        answers.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is to be read")

    scope: dict[str, Any] = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), text.encode("latin-1")) for name, text in named.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8080),
    }
    asyncio.run(Guard(page, LINK, RUN, Endpoint.parse(HOST), CODES)(scope, receive, send))
    return answers


def test_a_token_in_a_header_is_accepted() -> None:
    for token in (LINK, RUN):
        for origin in ({}, {"origin": f"http://{HOST}"}, {"sec_fetch_site": "same-origin"}):
            assert ask(authorization=f"Bearer {token}", **origin)[0]["status"] == 200


def test_the_pages_socket_is_accepted_with_this_runs_token() -> None:
    socket = {"kind": "websocket", "path": "/_nicegui_ws/socket.io/"}
    assert ask(**socket, query=f"token={RUN}") == [{"type": "websocket.accept"}]
    for query in ("", "token=wrong", f"token={LINK}"):
        assert ask(**socket, query=query) == [{"type": "websocket.close", "code": 1008}]


def test_a_browser_gets_the_entry_page_and_no_cookie() -> None:
    """It holds nothing that the asker doesn't know."""
    for query, status in ((f"token={LINK}", 200), ("token=wrong", 401), ("", 401)):
        answer, body = ask(query=query, accept="text/html,*/*")
        assert answer["status"] == status
        assert b"set-cookie" not in dict(answer["headers"])
        assert b"localStorage" in body["body"]
        assert LINK.encode() not in body["body"]
        assert RUN.encode() not in body["body"]
    assert ask(accept="text/html", authorization="Bearer old")[0]["status"] == 401


def test_a_code_is_exchanged_for_the_link_once() -> None:
    code = CODES.new()
    for refused in (f"open={code}x", "open=", f"token={code}"):
        assert ask(query=refused, accept="text/html")[0]["status"] == 401
    assert (
        ask(query=f"open={code}", accept="text/html", sec_fetch_site="cross-site")[0]["status"]
        == 403
    )
    assert ask(query=f"open={code}")[0]["status"] == 401  # no browser that opens a page
    answer = ask(query=f"open={code}", accept="text/html", sec_fetch_site="none")[0]
    assert answer["status"] == 303
    headers = dict(answer["headers"])
    assert headers[b"location"] == f"/?token={LINK}".encode()
    assert headers[b"cache-control"] == b"no-store"
    assert ask(query=f"open={code}", accept="text/html")[0]["status"] == 401


def test_only_public_files_need_no_token() -> None:
    assert ask(path="/_nicegui/3.14.0/static/nicegui.js")[0]["status"] == 200
    assert ask(path="/favicon.ico")[0]["status"] == 200
    for path in ("/_nicegui/client/1/upload/2", "/_nicegui/3/client/1", "/api/v1/docs", "/x"):
        assert ask(path=path)[0]["status"] == 401
    assert ask(path="/_nicegui/3.14.0/static/nicegui.js", method="POST")[0]["status"] == 401


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (401, {}),
        (401, {"cookie": f"minitorrent-8080={LINK}"}),
        (401, {"authorization": "Bearer \xff"}),
        (401, {"authorization": f"Basic {LINK}"}),
        (421, {"authorization": PROOF, "host": "evil.example:8080"}),
        (403, {"authorization": PROOF, "origin": "http://evil.example"}),
        (403, {"authorization": PROOF, "origin": "null"}),
        (403, {"authorization": PROOF, "origin": "http://127.0.0.1:9999"}),
        (403, {"authorization": PROOF, "sec_fetch_site": "cross-site"}),
        (403, {"authorization": PROOF, "sec_fetch_site": "same-site"}),
    ],
)
def test_everybody_else_is_refused(status: int, headers: dict[str, str]) -> None:
    assert ask(**headers)[0]["status"] == status
    assert ask("websocket", **headers) == [{"type": "websocket.close", "code": 1008}]


def test_a_token_in_a_link_works_only_for_the_entry_page() -> None:
    assert ask(query=f"token={LINK}", origin="http://evil.example")[0]["status"] == 403
    assert ask(query=f"token={LINK}")[0]["status"] == 401


def test_every_answer_forbids_frames_and_sniffing() -> None:
    for answer in (ask(authorization=PROOF)[0], ask()[0]):
        headers = dict(answer["headers"])
        assert headers[b"x-frame-options"] == b"DENY"
        assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]


def test_other_scopes_pass() -> None:
    assert ask("lifespan")[0]["type"] == "http.response.start"
