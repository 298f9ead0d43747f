"""Which clients' ports have lately given no answer."""

from __future__ import annotations

from common.types import Endpoint
from tracker.domain.silent_ports import MAX_PORTS, MEMORY, SilentPorts

PORT = Endpoint("10.0.0.1", 6881)


def test_a_port_is_silent_for_a_while() -> None:
    ports = SilentPorts()
    assert not ports.has(PORT, 0)
    ports.note(PORT, 0)
    assert ports.has(PORT, MEMORY - 1)
    assert not ports.has(PORT, MEMORY)
    ports.note(PORT, 10)
    assert ports.has(PORT, MEMORY)


def test_a_port_that_answers_is_silent_no_more() -> None:
    ports = SilentPorts()
    ports.discard(PORT)
    ports.note(PORT, 0)
    ports.discard(PORT)
    assert not ports.has(PORT, 1)


def test_of_very_many_the_oldest_are_forgotten() -> None:
    ports = SilentPorts()
    for number in range(MAX_PORTS + 1):
        ports.note(Endpoint(f"10.0.{number >> 8}.1", number & 255), 0)
    assert not ports.has(Endpoint("10.0.0.1", 0), 1)
    assert ports.has(Endpoint("10.0.0.1", 1), 1)
