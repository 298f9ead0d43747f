"""Dialling from the port that we listen on."""

from __future__ import annotations

import socket

import pytest

from client.net.peers.listener import Listener
from client.net.transports import own_port
from client.net.transports.own_port import OwnAddress, dialing_socket
from common.errors import MinitorrentError
from common.types import Endpoint


@pytest.fixture
def listener() -> Listener:
    return Listener(Endpoint("127.0.0.1", 0))


def test_others_see_the_port_of_the_listener(listener: Listener) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = Endpoint(*server.getsockname())
        for host in (None, "127.0.0.1"):
            with dialing_socket(OwnAddress(host, listener.port), target) as sock:
                sock.connect(target)
                accepted, seen = server.accept()
                accepted.close()
                assert seen == ("127.0.0.1", listener.port)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    listener.close()


def test_another_listener_at_the_same_port_is_still_refused(listener: Listener) -> None:
    with pytest.raises(MinitorrentError, match="in use"):
        Listener(Endpoint("127.0.0.1", listener.port))
    listener.close()


def test_a_port_of_another_program_cannot_be_used() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        own = OwnAddress("127.0.0.1", other.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            dialing_socket(own, Endpoint("127.0.0.1", 1))


def test_a_system_without_shared_ports(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_port, "_CAN_SHARE", False)
    with pytest.raises(OSError, match="this system"):
        dialing_socket(OwnAddress(None, listener.port), Endpoint("127.0.0.1", 1))
    Listener(Endpoint("127.0.0.1", 0)).close()
    listener.close()
