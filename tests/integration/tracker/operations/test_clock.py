"""Trackers on machines whose clocks differ judge times by the database's."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.databases.database import Kind, empty_database
from tests.support.security.passwords import CHEAP
from tracker.domain.secret_box import KEY_BYTES, SecretBox
from tracker.services.catalogue import Policy, Services, make_services
from tracker.store.database.clock import DatabaseClock
from tracker.store.engine import Store, open_store
from tracker.store.presence.trackers import DEAD_SECONDS, Site


class Times:
    """A machine's two clocks."""

    def __init__(self, own: float, steady: float) -> None:
        self.own, self.steady = own, steady

    def clock(self) -> DatabaseClock:
        """Return the clock of a server, as seen from this machine."""
        return DatabaseClock(is_shared=True, steady=lambda: self.steady, own=lambda: self.own)


def tracker_of(store: Store, port: int) -> Services:
    """Register a tracker that uses the database's clock."""
    site, safe = Site("127.0.0.1", port, port + 10), SecretBox(bytes(KEY_BYTES))
    policy = Policy(0, 3600.0, password_cost=CHEAP)
    services = make_services(store, store.clock, site, safe, policy)
    services.lifecycle.start()
    return services


@pytest.mark.any_database
def test_a_clock_goes_on_with_the_steady_one() -> None:
    times = Times(own=1000.0, steady=5.0)
    clock = times.clock()
    assert clock() == 1000.0
    clock.take(900.0, before=4.8, after=5.0)
    assert clock() == pytest.approx(900.2)
    assert clock.difference() == pytest.approx(99.8)
    times.steady += 10.0
    assert clock() == pytest.approx(910.2)


@pytest.mark.any_database
def test_a_late_answer_changes_nothing() -> None:
    """A change of the clock has consequences, so a busy machine must not look like one."""
    times = Times(own=1000.0, steady=5.0)
    clock = times.clock()
    clock.take(1000.1, before=5.0, after=5.2)
    now = clock()
    clock.take(1000.1, before=5.0, after=15.0)
    assert clock() == now
    clock.take(4600.0, before=5.0, after=5.2)  # set by an hour
    assert 4599.8 <= clock() <= 4600.0


@pytest.mark.parametrize("ahead", [100.0, -100.0])
def test_a_tracker_whose_clock_is_wrong_takes_nobody_for_dead(
    ahead: float, database: Kind, tmp_path: Path
) -> None:
    stores = [open_store(empty_database(tmp_path)) for _ in range(2)]
    if database == "postgresql":  # those of SQLite have one machine, and so one clock
        assert ahead > DEAD_SECONDS or ahead < -DEAD_SECONDS
        stores[1].clock = DatabaseClock(is_shared=True, own=lambda: time.time() + ahead)
        stores[1].look_at_clock()
    first, second = (tracker_of(store, 7400 + number) for number, store in enumerate(stores))
    for _ in range(2):
        assert second.lifecycle.beat()
        assert first.lifecycle.beat()
    with stores[1].read() as work:
        assert len(work.trackers.others("", stores[1].clock())) == 2
    for store in stores:
        store.close()
