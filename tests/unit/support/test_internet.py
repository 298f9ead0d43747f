"""The small internet behaves as the real one: who can connect to whom, and from which address."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.network.internet import Home, Host, Internet, require_internet, small_internet
from tests.support.network.router import Nat

PORT = 20_000
PATIENCE = 5.0
NO_CONNECTION = 0.3
"""Seconds until a SYN without an answer counts as lost."""


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Internet]:
    require_internet()
    with small_internet(tmp_path) as made:
        yield made


class Seen(NamedTuple):
    """Where a connection came from, as the side that accepted it sees it."""

    host: str
    port: int


def listen(host: Host, address: str | None = None) -> socket.socket:
    with host.entered():
        where = address or host.address
        family = socket.AF_INET6 if ":" in where else socket.AF_INET
        server = socket.create_server((where, PORT), family=family)
    server.settimeout(PATIENCE)
    return server


def connect(host: Host, server: socket.socket, to: str, limit: float = PATIENCE) -> Seen:
    """Connect from a host's own port 20000; raises OSError if that is impossible."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    with host.entered():
        caller = socket.socket(family)
    with caller:
        caller.settimeout(limit)
        caller.bind(("", PORT))
        caller.connect((to, PORT))
        accepted, seen = server.accept()
        accepted.close()
        return Seen(*seen[:2])


def test_public_hosts_reach_each_other_over_both_protocols(internet: Internet) -> None:
    a, b = internet.public(), internet.public()
    assert a.ipv6 is not None
    assert b.ipv6 is not None
    with listen(a) as server:
        assert connect(b, server, a.address) == Seen(b.address, PORT)
    with listen(a, a.ipv6) as server:
        assert connect(b, server, a.ipv6) == Seen(b.ipv6, PORT)


def test_a_host_with_ipv6_only_reaches_the_hub(internet: Internet) -> None:
    host, hub = internet.ipv6_only(), internet.hub
    assert hub.ipv6 is not None
    with listen(hub, hub.ipv6) as server:
        assert connect(host, server, hub.ipv6) == Seen(host.address, PORT)
    with listen(hub) as server, pytest.raises(OSError):
        connect(host, server, hub.address, NO_CONNECTION)


def test_a_router_keeps_the_port(internet: Internet) -> None:
    home = internet.home(Nat.KEEPING)
    with listen(internet.hub) as server:
        assert connect(home.host(), server, internet.hub.address) == Seen(home.outer, PORT)


def test_a_router_chooses_a_random_port(internet: Internet) -> None:
    home = internet.home(Nat.RANDOM)
    with listen(internet.hub) as server:
        ports = {connect(home.host(), server, internet.hub.address).port for _ in range(3)}
    assert ports != {PORT}


def test_nobody_connects_to_a_home_from_outside(internet: Internet) -> None:
    home = internet.home(Nat.KEEPING)
    with listen(home.host()) as server, pytest.raises(TimeoutError):
        connect(internet.hub, server, home.outer, NO_CONNECTION)


def test_two_in_one_home_reach_each_other(internet: Internet) -> None:
    home = internet.home(Nat.KEEPING)
    a, b = home.host(), home.host()
    with listen(a) as server:
        assert connect(b, server, a.address) == Seen(b.address, PORT)


def test_homes_have_the_same_addresses_inside(internet: Internet) -> None:
    homes: list[Home] = [internet.home(Nat.KEEPING) for _ in range(2)]
    a, b = (home.host() for home in homes)
    assert a.address == b.address
    with listen(internet.hub) as server:
        seen = [connect(host, server, internet.hub.address).host for host in (a, b)]
    assert seen == [home.outer for home in homes]


def test_a_router_that_maps_ports_answers_upnp(internet: Internet) -> None:
    host = internet.home(Nat.KEEPING, maps_ports=True).host()
    with host.entered(), socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.settimeout(PATIENCE)
        search = b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\n'
        wanted = b"ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nMX: 1\r\n\r\n"
        probe.sendto(search + wanted, ("239.255.255.250", 1900))
        assert b"InternetGatewayDevice" in probe.recv(4096)


def test_several_exist_at_once_and_leave_nothing_behind(tmp_path: Path) -> None:
    require_internet()
    before, open_before = routers(), len(list(Path("/proc/self/fd").iterdir()))
    with small_internet(tmp_path / "a") as a, small_internet(tmp_path / "b") as b:
        for internet in (a, b):
            home = internet.home(Nat.KEEPING, maps_ports=True)
            with listen(internet.hub) as server:
                assert connect(home.host(), server, internet.hub.address).host == home.outer
        assert routers() == before + 2
    assert routers() == before
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


def routers() -> int:
    """The number of routers' processes that this one has started."""
    command = ["ps", "--ppid", str(os.getpid()), "-o", "comm="]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return found.split().count("miniupnpd")
