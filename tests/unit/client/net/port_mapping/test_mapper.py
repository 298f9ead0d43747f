"""Keeping a port mapped: the choice of a router, renewal, change, and the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from client.core.health.measurements import MappedPort, PortMapping
from client.net.port_mapping import mapper as module
from client.net.port_mapping.mapper import PortMapper, usual_routers
from client.net.port_mapping.router import Grant, RouterError
from tests.support.waiting import wait_until

PORT, HOST = 6881, "45.80.0.1"


class FakeRouter:
    """A router that grants what the test says, or refuses."""

    def __init__(self, name: str, grant: Grant | None) -> None:
        self.name = name
        self.grant = grant
        self.asked = 0
        self.unmapped: list[int] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def map(self, port: int) -> Grant:
        assert port == PORT
        self.asked += 1
        self.may_answer.wait(20.0)
        if self.grant is None:
            raise RouterError("no")
        return self.grant

    def unmap(self, port: int) -> None:
        self.unmapped.append(port)


class Bench:
    """A mapper with two routers, of which the first is asked first."""

    def __init__(self) -> None:
        self.first = FakeRouter("NAT-PMP", None)
        self.second = FakeRouter("UPnP", None)
        self.changes = 0
        self.mapper = PortMapper(PORT, lambda: [self.first, self.second], self.changed)

    def changed(self) -> None:
        self.changes += 1

    def wait(self, state: PortMapping) -> MappedPort:
        wait_until(lambda: self.mapper.found.state is state, what=state.name)
        return self.mapper.found


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.first.may_answer.set()
    bench.mapper.close()


def test_it_is_off_until_it_is_started(bench: Bench) -> None:
    assert bench.mapper.found.state is PortMapping.OFF
    assert bench.mapper.outer_port == PORT
    bench.mapper.close()
    assert not bench.first.asked


def test_the_first_router_that_maps_it_is_used(bench: Bench) -> None:
    bench.second.grant = Grant(HOST, 7000, 600)
    bench.mapper.start()
    assert bench.wait(PortMapping.MAPPED) == MappedPort(PortMapping.MAPPED, "UPnP", HOST, 7000)
    assert bench.mapper.outer_port == 7000
    wait_until(lambda: bench.changes == 1, what="the change to be told")
    bench.mapper.close()
    assert (bench.first.unmapped, bench.second.unmapped) == ([], [PORT])


def test_the_same_port_outside_is_no_change(bench: Bench) -> None:
    bench.first.grant = Grant(HOST, PORT, 600)
    bench.mapper.start()
    bench.wait(PortMapping.MAPPED)
    bench.mapper.close()
    assert (bench.changes, bench.second.asked) == (0, 0)


def test_no_router(bench: Bench) -> None:
    bench.mapper.start()
    bench.wait(PortMapping.NONE)
    assert bench.mapper.outer_port == PORT


def test_a_router_behind_another_is_not_announced(bench: Bench) -> None:
    bench.first.grant = Grant("192.168.0.2", 7000, 600)
    bench.mapper.start()
    bench.wait(PortMapping.BEHIND_ANOTHER)
    assert (bench.mapper.outer_port, bench.changes) == (PORT, 0)
    bench.mapper.close()
    assert bench.first.unmapped == [PORT]


def test_a_mapping_is_renewed_and_lost(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHORTEST", 0.01)
    bench.first.grant = Grant(HOST, 7000, 0)
    monkeypatch.setattr(module, "RETRY", 0.02)
    bench.mapper.start()
    wait_until(lambda: bench.first.asked > 2, what="renewals")
    assert bench.changes == 1
    assert bench.second.asked == 0
    bench.first.grant = None
    wait_until(lambda: bench.changes == 2, what="the loss to be told")
    assert bench.mapper.outer_port == PORT
    bench.first.grant = Grant(HOST, 7001, 600)
    wait_until(lambda: bench.mapper.outer_port == 7001, what="another mapping")


def test_a_router_that_hangs_delays_nothing_else(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PARTING", 0.05)
    bench.first.may_answer.clear()
    bench.mapper.start()
    wait_until(lambda: bench.first.asked, what="the question")
    assert bench.mapper.found.state is PortMapping.SEARCHING
    bench.mapper.close()  # returns


def test_whoever_needs_no_mapping_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "local_hosts", lambda _: ["fd00::1"])
    assert usual_routers(None) == ()
    monkeypatch.setattr(module, "local_hosts", lambda _: ["192.168.1.2"])
    monkeypatch.setattr(module, "gateway", lambda: None)
    assert [router.name for router in usual_routers(None)] == ["UPnP"]
    monkeypatch.setattr(module, "gateway", lambda: "192.168.1.1")
    assert [router.name for router in usual_routers(None)] == ["NAT-PMP", "UPnP"]
