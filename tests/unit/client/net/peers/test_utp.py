"""uTP connection attempts are refused at once."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from client.net.peers.utp import PAUSE, UtpRefusal
from tests.support.ports import free_port
from tests.unit.common.wire.test_utp import SYN


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A TCP socket that peers are accepted at."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def dialler() -> Iterator[socket.socket]:
    """A client that prefers uTP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        # At another address than the listener's, whose port it could happen to get.
        sock.bind(("127.0.0.2", 0))
        sock.settimeout(5.0)
        yield sock


def test_utp_is_refused_at_the_tcp_ports_number(
    listening: socket.socket, dialler: socket.socket
) -> None:
    with closing(UtpRefusal(listening)):
        dialler.sendto(b"no uTP", listening.getsockname())
        dialler.sendto(SYN, listening.getsockname())
        answer, sender = dialler.recvfrom(100)
    assert sender == listening.getsockname()
    assert answer[:4] == b"\x31" + SYN[1:4]


def test_a_flood_is_answered_at_a_bounded_rate(
    listening: socket.socket, dialler: socket.socket
) -> None:
    with closing(UtpRefusal(listening)):
        began = time.monotonic()
        for _ in range(100):
            dialler.sendto(SYN, listening.getsockname())
        for _ in range(40):
            dialler.recv(100)
        assert time.monotonic() - began >= 39 * PAUSE


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "::1"])
def test_closing_ends_the_thread(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # The system's own choice could be the number of another program's UDP port.
    with socket.create_server((address, free_port()), family=family) as listening:
        refusing = UtpRefusal(listening)
        refusing.close()
        refusing.close()
        with socket.socket(family, socket.SOCK_DGRAM) as again:
            again.bind(listening.getsockname())


def test_another_program_may_have_the_port(
    listening: socket.socket, dialler: socket.socket
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(listening.getsockname())
        other.settimeout(5.0)
        with closing(UtpRefusal(listening)):
            dialler.sendto(SYN, listening.getsockname())
            assert other.recv(100) == SYN
