"""Codes that open the page: once, for a minute, and for this user only."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from client.web.open_codes import OpenCodes, is_own_connection
from common.types import Endpoint

BROWSER, SERVER = Endpoint("127.0.0.1", 50_000), Endpoint("127.0.0.1", 8080)
HEADING = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def test_a_code_works_once_and_for_a_minute() -> None:
    now = 0.0
    codes = OpenCodes(lambda _browser, _server: True, lambda: now)
    first, second = codes.new(), codes.new()
    assert codes.take(first, BROWSER, SERVER)
    assert not codes.take(first, BROWSER, SERVER)
    assert not codes.take("", BROWSER, SERVER)
    now = 61.0
    assert not codes.take(second, BROWSER, SERVER)


def test_another_user_neither_uses_a_code_nor_uses_it_up() -> None:
    is_own = False
    codes = OpenCodes(lambda _browser, _server: is_own)
    code = codes.new()
    assert not codes.take(code, BROWSER, SERVER)
    is_own = True
    assert codes.take(code, BROWSER, SERVER)


def test_the_oldest_codes_give_way() -> None:
    codes = OpenCodes(lambda _browser, _server: True)
    made = [codes.new() for _ in range(101)]
    assert not codes.take(made[0], BROWSER, SERVER)
    assert codes.take(made[1], BROWSER, SERVER)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_connection_of_this_process_is_recognized(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.create_server((host, 0), family=family) as listener,
        socket.create_connection(listener.getsockname()[:2]) as made,
    ):
        browser = Endpoint(*made.getsockname()[:2])
        server = Endpoint(*made.getpeername()[:2])
        assert is_own_connection(browser, server)
        assert not is_own_connection(Endpoint(host, 1), server)
        assert not is_own_connection(browser, Endpoint(host, 1))


@pytest.mark.parametrize(
    ("row", "is_own"),
    [
        ("0100007F:C350 0100007F:1F90 01 0 0 0 {own}", True),
        ("0100007F:C350 0100007F:1F90 01 0 0 0 0", True),
        ("0100007F:C350 0100007F:1F90 01 0 0 0 {other}", False),
        ("0100007F:C350 0100007F:1F90 06 0 0 0 0", False),  # a closed one, of nobody any more
        ("0100007F:C350 0100007F:1F91 01 0 0 0 {own}", False),
        ("0100007F:1F90 0100007F:C350 01 0 0 0 {own}", False),  # our own end
    ],
)
def test_only_the_browsers_end_counts(tmp_path: Path, row: str, is_own: bool) -> None:
    row = row.format(own=os.geteuid(), other=os.geteuid() + 1)
    (tmp_path / "tcp").write_text(f"{HEADING}   0: {row}\n")
    assert is_own_connection(BROWSER, SERVER, tmp_path) == is_own


def test_an_ipv4_connection_of_an_ipv6_socket(tmp_path: Path) -> None:
    mapped = "0000000000000000FFFF00000100007F"
    row = f"   0: {mapped}:C350 {mapped}:1F90 01 0 0 0 {os.geteuid()}"
    (tmp_path / "tcp6").write_text(f"{HEADING}{row}\n")
    assert is_own_connection(BROWSER, SERVER, tmp_path)


def test_a_system_without_tables(tmp_path: Path) -> None:
    assert is_own_connection(BROWSER, SERVER, tmp_path)
