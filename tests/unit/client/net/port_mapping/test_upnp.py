"""UPnP, with a stand-in for the library; tests/integration/reach has a real router."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from client.net.port_mapping.router import LIFETIME, Grant, RouterError
from client.net.port_mapping.upnp import Upnp

HOST, PORT = "45.80.0.1", 6881


class FakeUpnp:
    """A router, as the library shows it."""

    lanaddr = "192.168.1.2"

    def __init__(self) -> None:
        self.taken: set[int] = set()
        self.mapped: dict[int, tuple[Any, ...]] = {}
        self.is_there = True
        self.host = HOST
        self.only_permanent = False
        self.searches = 0

    def discover(self) -> int:
        self.searches += 1
        return int(self.is_there)

    def selectigd(self) -> str:
        if not self.is_there:
            raise Exception("No UPnP device discovered")
        return "http://192.168.1.1/"

    def externalipaddress(self) -> str:
        return self.host

    def addportmapping(self, outer: int, protocol: str, *inside: Any) -> bool:
        if self.only_permanent and inside[-1]:
            raise Exception("OnlyPermanentLeasesSupported")
        if outer in self.taken:
            raise Exception("ConflictInMappingEntry")
        self.mapped[outer] = inside
        return True

    def deleteportmapping(self, outer: int, protocol: str) -> bool:
        del self.mapped[outer]
        return True


@pytest.fixture
def router(monkeypatch: pytest.MonkeyPatch) -> FakeUpnp:
    fake = FakeUpnp()
    monkeypatch.setitem(sys.modules, "miniupnpc", SimpleNamespace(UPnP=lambda: fake))
    return fake


def test_a_port_is_mapped_renewed_and_unmapped(router: FakeUpnp) -> None:
    upnp = Upnp()
    for _ in range(2):
        assert upnp.map(PORT) == Grant(HOST, PORT, LIFETIME)
    assert router.mapped == {PORT: ("192.168.1.2", PORT, "Minitorrent", "", LIFETIME)}
    assert router.searches == 1
    upnp.unmap(PORT)
    assert not router.mapped


def test_another_port_where_the_same_is_taken(router: FakeUpnp) -> None:
    router.taken.add(PORT)
    upnp = Upnp("192.168.1.2")
    grant = upnp.map(PORT)
    assert grant.port != PORT
    assert set(router.mapped) == {grant.port}
    assert upnp.map(PORT) == grant, "a renewal keeps it"


def test_a_router_that_maps_for_ever(router: FakeUpnp) -> None:
    router.only_permanent = True
    assert Upnp().map(PORT) == Grant(HOST, PORT, 0)


def test_no_router(router: FakeUpnp) -> None:
    router.is_there = False
    upnp = Upnp()
    with pytest.raises(RouterError):
        upnp.map(PORT)
    with pytest.raises(RouterError):
        upnp.unmap(PORT)


def test_a_router_without_an_address(router: FakeUpnp) -> None:
    upnp = Upnp()
    router.host = "nonsense"
    with pytest.raises(RouterError):
        upnp.map(PORT)
    router.host = HOST
    assert upnp.map(PORT).host == HOST
    assert router.searches == 2, "it is looked for again"


def test_a_router_that_refuses(router: FakeUpnp) -> None:
    router.taken.update(range(65536))
    with pytest.raises(RouterError):
        Upnp().map(PORT)


def test_a_system_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "miniupnpc", None)
    with pytest.raises(RouterError):
        Upnp().map(PORT)
