"""NAT-PMP with a router that answers rightly, wrongly, or not at all."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.net.port_mapping import nat_pmp
from client.net.port_mapping.nat_pmp import NatPmp, gateway
from client.net.port_mapping.router import LIFETIME, Grant, RouterError

HOST, PORT, OUTER = "45.80.0.1", 6881, 7000
Answer = Callable[[bytes], bytes | None]


@contextmanager
def router(answer: Answer) -> Iterator[tuple[NatPmp, list[bytes]]]:
    """A router on loopback, and the questions that it gets."""
    asked: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                question, sender = sock.recvfrom(100)
                if not question:
                    return
                asked.append(question)
                reply = answer(question)
                if reply is not None:
                    sock.sendto(reply, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield NatPmp(*sock.getsockname()), asked
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stopper:
                stopper.sendto(b"", sock.getsockname())
            thread.join(10.0)


def right(question: bytes, outer: int = OUTER, lifetime: int = 600) -> bytes:
    """What an honest router answers."""
    if question[1] == 0:
        return struct.pack("!BBHI4s", 0, 128, 0, 1, socket.inet_aton(HOST))
    inner = int.from_bytes(question[4:6])
    return struct.pack("!BBHIHHI", 0, 130, 0, 1, inner, outer, lifetime)


def test_a_port_is_mapped_renewed_and_unmapped() -> None:
    with router(right) as (pmp, asked):
        assert pmp.map(PORT) == Grant(HOST, OUTER, 600)
        assert pmp.map(PORT) == Grant(HOST, OUTER, 600)
        pmp.unmap(PORT)
    wanted = [struct.unpack("!HHI", one[4:]) for one in asked if one[1] == 2]
    assert wanted == [(PORT, PORT, LIFETIME), (PORT, OUTER, LIFETIME), (PORT, 0, 0)]


def test_a_long_lifetime_is_cut() -> None:
    with router(lambda question: right(question, lifetime=2**32 - 1)) as (pmp, _):
        assert pmp.map(PORT).lifetime == LIFETIME


@pytest.mark.parametrize(
    "answer",
    [
        lambda question: b"",
        lambda question: b"nonsense, and more of it",
        lambda question: right(question)[:-1],
        lambda question: right(question)[:2] + b"\0\2" + right(question)[4:],  # not authorised
        lambda question: right(question, outer=0),
        lambda question: right(question, lifetime=0),
        lambda question: right(b"\0\2\0\0\0\1"),
        lambda question: b"\2" + right(question)[1:],  # PCP
    ],
)
def test_a_router_that_answers_nonsense(answer: Answer) -> None:
    with router(answer) as (pmp, _), pytest.raises(RouterError):
        pmp.map(PORT)


@given(st.binary(max_size=40))
def test_no_answer_surprises(answer: bytes) -> None:
    question = struct.pack("!BBHHHI", 0, 2, 0, PORT, PORT, LIFETIME)
    try:
        checked = nat_pmp._checked(question, answer, 16)
    except RouterError:
        return
    assert len(checked) >= 16


def test_a_silent_router_is_asked_again_and_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nat_pmp, "_PAUSES", (0.01, 0.02))
    with router(lambda _: None) as (pmp, asked), pytest.raises(RouterError):
        pmp.map(PORT)
    assert len(asked) == 2


def test_an_answer_that_comes_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nat_pmp, "_PAUSES", (0.01, 5.0))
    heard: list[bytes] = []

    def second(question: bytes) -> bytes | None:
        heard.append(question)
        return right(question) if heard.count(question) > 1 else None

    with router(second) as (pmp, _):
        assert pmp.map(PORT).port == OUTER


def test_the_gateway(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    routes = tmp_path / "route"
    monkeypatch.setattr(nat_pmp, "_ROUTES", routes)
    assert gateway() is None, "another system"
    head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    inside = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    routes.write_text(head + inside)
    assert gateway() is None
    routes.write_text(head + inside + "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t0\t0\t0\t0\n")
    assert gateway() == "192.168.1.1"
