"""The thread behind rate limits: when it runs, and that it survives failures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from client.core.bandwidth.throttle import BURST
from client.event_bus import EventBus
from client.state.rate_limits import WHOLE_CLIENT, RateLimitStore, Rates
from client.torrent.torrent import Torrent
from client.transfers.bandwidth_manager import BUSY, IDLE, BandwidthManager, pause_after
from client.transfers.rate_limits import RateLimits
from tests.support.waiting import wait_until
from tests.unit.client.state.states import ClientState


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RateLimitStore]:
    with ClientState(tmp_path / "client.sqlite") as state:
        yield RateLimitStore(state.database)


def test_limits_of_a_former_run_apply_despite_a_failure(
    store: RateLimitStore, events: EventBus
) -> None:
    store.set(WHOLE_CLIENT, Rates(up=1000))
    looked: list[float] = []

    def torrents() -> list[Torrent]:
        looked.append(time.monotonic())
        if len(looked) == 1:
            raise ValueError("a bug")
        return []

    with structlog.testing.capture_logs() as log:
        bandwidth_manager = BandwidthManager(
            RateLimits(store, time.monotonic, events), torrents, time.monotonic, events
        )
        wait_until(lambda: len(looked) > 2, what="it to look again")
        bandwidth_manager.close()
    assert [entry["event"] for entry in log if entry.get("exc_info")] == ["bandwidth round failed"]


def test_the_manager_sleeps_until_there_is_a_limit(store: RateLimitStore, events: EventBus) -> None:
    looked: list[None] = []

    def torrents() -> list[Torrent]:
        looked.append(None)
        return []

    limits = RateLimits(store, time.monotonic, events)
    bandwidth_manager = BandwidthManager(limits, torrents, time.monotonic, events)
    limits.set(None, "down", 1000)
    assert looked  # notified at once
    wait_until(lambda: len(looked) > 3, what="it to be awake")
    assert limits.rates(None).down == 1000
    limits.set(None, "down", 0)
    assert store.all() == {}
    bandwidth_manager.close()


@pytest.mark.parametrize(
    ("took", "pause"), [(0.0, BUSY), (0.001, BUSY), (0.005, 0.045), (0.02, IDLE), (1.0, IDLE)]
)
def test_long_rounds_are_rarer(took: float, pause: float) -> None:
    assert pause_after(took) == pytest.approx(pause)


def test_what_a_bucket_saves_lasts_for_any_pause() -> None:
    assert pause_after(10.0) < BURST
