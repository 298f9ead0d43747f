"""What is measured of a tracker says whether it is healthy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tracker.domain.health import LEAST_FREE, Health, Measurements, assess

GOOD = Measurements(
    beat_age=2.0,
    is_beat_failing=False,
    fresh=8.0,
    read_age=0.2,
    disk_free=LEAST_FREE,
    disk_age=2.0,
)


def test_a_healthy_tracker() -> None:
    assert assess(GOOD) == Health("ok", "ok", "ok", "ok", draining=False)
    assert assess(GOOD).is_ok


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (replace(GOOD, read_age=16.0), ("unreachable", "ok", "ok")),
        (replace(GOOD, is_beat_failing=True), ("not written to", "ok", "ok")),
        (replace(GOOD, beat_age=8.5), ("not written to", "late", "ok")),
        (replace(GOOD, disk_free=LEAST_FREE - 1), ("ok", "ok", "full")),
        (replace(GOOD, disk_free=None), ("ok", "ok", "unknown")),
        (replace(GOOD, disk_age=16.0), ("ok", "ok", "unknown")),
    ],
)
def test_whatever_fails_is_named(found: Measurements, expected: tuple[str, str, str]) -> None:
    health = assess(found)
    assert (health.database, health.heartbeat, health.disk) == expected
    assert health.status == "failing"
    assert not health.is_ok


def test_a_draining_tracker_gets_no_new_clients() -> None:
    health = assess(replace(GOOD, is_draining=True))
    assert (health.status, health.draining, health.is_ok) == ("draining", True, False)
    assert assess(replace(GOOD, is_draining=True, disk_free=0)).status == "failing"
