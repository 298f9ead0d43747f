"""A long line: when packets arrive, and that real ones do."""

from __future__ import annotations

import os
import socket
import time

import pytest

from benchmarks.line.carrier import carry
from benchmarks.line.measure import goodput
from benchmarks.line.networks import line, obstacle
from benchmarks.line.shape import MEGABIT, Lane, Shape
from tests.support.needs import require

SHAPE = Shape(round_trip=0.1, rate=1000.0, loss=0.25)
"""The queue holds 100 bytes; a byte takes a millisecond to leave, and 50 to arrive."""

LUCK = 0.25


def test_a_packet_arrives_after_its_bytes_and_the_delay() -> None:
    assert Lane(SHAPE).admit(7.0, 20, LUCK) == pytest.approx(7.0 + 0.02 + 0.05)


def test_packets_leave_one_after_the_other() -> None:
    lane = Lane(SHAPE)
    arrivals = [lane.admit(7.0, 20, LUCK), lane.admit(7.0, 20, LUCK), lane.admit(8.0, 20, LUCK)]
    assert arrivals == pytest.approx([7.07, 7.09, 8.07])


def test_a_full_queue_loses_packets_until_there_is_room() -> None:
    lane = Lane(SHAPE)
    admitted = [lane.admit(0.0, 20, LUCK) is not None for _ in range(8)]
    assert admitted == [True] * 6 + [False] * 2  # the first is already leaving
    assert lane.admit(0.02, 20, LUCK) == pytest.approx(0.14 + 0.05)


def test_bad_luck_loses_a_packet_and_takes_no_time() -> None:
    lane = Lane(SHAPE)
    assert lane.admit(0.0, 20, 0.2499) is None
    assert lane.admit(0.0, 20, LUCK) == pytest.approx(0.07)


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        (Shape(0.05, 200 * MEGABIT), "50 ms, 200 Mbit/s"),
        (Shape(0.2, 400 * MEGABIT, 0.01), "200 ms, 400 Mbit/s, 1% loss"),
    ],
)
def test_a_shape_has_a_name(shape: Shape, name: str) -> None:
    assert str(shape) == name


def test_a_carrier_ends_with_its_input() -> None:
    """Its parent may be killed; nothing else would end it then."""
    input_end, output_end = os.pipe()
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        os.close(output_end)
        carry(near.fileno(), far.fileno(), SHAPE, input_end)
    os.close(input_end)


def test_real_packets_take_as_long() -> None:
    require(network=True)
    if reason := obstacle():  # a device that a container may lack
        pytest.skip(reason)
    with line(Shape(0.06, 100 * MEGABIT)) as (near, far):
        with far.entered():
            server = socket.create_server((far.host, 0))
        with server, near.entered():
            began = time.monotonic()
            with socket.create_connection(server.getsockname(), 20) as ours:
                connected = time.monotonic() - began
                theirs, _ = server.accept()
                with theirs:
                    ours.sendall(b"ping")
                    assert theirs.recv(4) == b"ping"
    assert connected >= 0.06


class Download:
    """Bytes that arrive by a clock of their own: `rate` a second, from `start` on."""

    def __init__(self, rate: float, start: float) -> None:
        self._rate = rate
        self._start = start
        self._now = 0.0

    def clock(self) -> float:
        self._now += 0.25
        return self._now

    def arrived(self) -> int:
        return max(0, round((self._now - self._start) * self._rate))


def test_goodput_is_that_of_the_second_half() -> None:
    slow_start = Download(rate=100.0, start=3.0)
    assert goodput(slow_start.arrived, 10**6, 8.0, slow_start.clock, 0) == pytest.approx(100.0)


def test_goodput_of_what_is_complete_early_is_that_of_all() -> None:
    quick = Download(rate=100.0, start=0.25)
    assert goodput(quick.arrived, 200, 8.0, quick.clock, 0) == pytest.approx(100.0, rel=0.2)


def test_goodput_of_nothing_is_a_failure() -> None:
    never = Download(rate=0.0, start=0.0)
    clock = iter([0.0, 10_000.0]).__next__
    with pytest.raises(AssertionError, match="0 bytes"):
        goodput(never.arrived, 200, 8.0, clock, 0)
