"""Announces and scrapes that go past the web framework: only those that all would read alike."""

from __future__ import annotations

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.frontend.http.stock import StockRequest, read_request

USUAL = b"GET /announce/key?info_hash=%00a&left=0 HTTP/1.1\r\nHost: t:1\r\nUser-Agent: x y\r\n\r\n"
LINES = st.sampled_from(
    [
        b"Host: a",
        b"host:b",
        b"Connection: close",
        b"CONNECTION: keep-alive, Close",
        b"Connection:keep-alive",
        b"Content-Length: 0",
        b"Content-Length: 5",
        b"Transfer-Encoding: chunked",
        b"Expect: 100-continue",
        b"Upgrade: h2c",
        b"Accept-Encoding: gzip",
        b"X: close",
        b"X:",
        b" folded",
        b"X : y",
        b"X\xff: y",
        b"X: \xff",
        b"X: \x00",
        b"",
    ]
)
TARGETS = st.sampled_from(
    [
        b"/announce",
        b"/announce/",
        b"/announce/key?a=b",
        b"/announce/a%2Fb?x?y",
        b"/announce/k\xff",
        b"/announce/a b",
        b"/announcement",
        b"/scrape?info_hash=%41",
        b"/scrape/../announce",
        b"/health",
        b"http://t/announce/key",
        b"*",
    ]
)
METHODS = st.sampled_from([b"GET", b"HEAD", b"POST", b"get", b"GETT"])
VERSIONS = st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1 ", b""])


def test_a_usual_announce() -> None:
    assert read_request(USUAL) == StockRequest(
        "/announce/key", b"info_hash=%00a&left=0", keep_alive=True
    )


def test_a_scrape_on_the_last_request_of_a_connection() -> None:
    data = b"GET /scrape/a%20b HTTP/1.1\r\nConnection: x, Close\r\nHost: t\r\n\r\n"
    assert read_request(data) == StockRequest("/scrape/a b", b"", keep_alive=False)


@pytest.mark.parametrize(
    "data",
    [
        USUAL[:-1],
        USUAL + b"G",
        USUAL + USUAL,
        USUAL.replace(b"GET", b"HEAD"),
        USUAL.replace(b"announce", b"metrics"),
        USUAL.replace(b"User-Agent", b"Content-Length"),
        USUAL.replace(b"User-Agent", b"Expect"),
        USUAL.replace(b"User-Agent", b"HOST"),
        USUAL.replace(b"Host", b"Hosts"),
        USUAL.replace(b"x y", b"x" * 9000),
    ],
)
def test_all_else_is_left_to_the_framework(data: bytes) -> None:
    assert read_request(data) is None


@given(METHODS, TARGETS, VERSIONS, st.lists(LINES, max_size=4))
@example(b"GET", b"/announce/key?a=b", b"HTTP/1.1", [b"Host: a", b"X: y"])
def test_what_is_read_here_means_the_same_to_a_complete_implementation(
    method: bytes, target: bytes, version: bytes, lines: list[bytes]
) -> None:
    data = b"\r\n".join([method + b" " + target + b" " + version, *lines, b"", b""])
    found = read_request(data)
    if found is None:
        return
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    request = connection.next_event()
    assert isinstance(request, h11.Request)
    assert isinstance(connection.next_event(), h11.EndOfMessage)
    assert connection.trailing_data == (b"", False)
    assert request.method == b"GET"
    path, _, query = request.target.partition(b"?")
    assert query == found.query
    assert (path.decode() == found.path) or b"%" in path
    assert found.keep_alive == (connection.their_state is not h11.MUST_CLOSE)
