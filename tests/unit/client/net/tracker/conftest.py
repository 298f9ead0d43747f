"""A tracker client and an announcer, each with scripted trackers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from client.config import Timing
from tests.unit.client.net.tracker.benches import Bench
from tests.unit.client.net.tracker.tracker_clients import Clients


@pytest.fixture
def clients() -> Iterator[Clients]:
    with ExitStack() as stack:
        yield Clients(stack)


@pytest.fixture
def timing() -> Timing:
    return Timing()


@pytest.fixture
def bench(timing: Timing) -> Iterator[Bench]:
    bench = Bench(timing)
    yield bench
    bench.announcer.close()
