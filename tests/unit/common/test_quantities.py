"""Sizes, rates, durations and times as people read them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import text


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1.0 KiB"),
        (1024, "1.0 KiB"),
        (12.5 * (1 << 20), "12.5 MiB"),
        (99.94 * (1 << 20), "99.9 MiB"),
        (99.95 * (1 << 20), "100 MiB"),
        (999 << 20, "999 MiB"),
        (1023 << 20, "1.0 GiB"),
        (1 << 40, "1.0 TiB"),
        (5 << 60, "5120 PiB"),
    ],
)
def test_sizes(count: float, shown: str) -> None:
    assert text.size(count) == shown


@given(st.floats(min_value=0, max_value=1 << 50))
def test_sizes_are_short(count: float) -> None:
    assert len(text.size(count)) <= 8
    assert len(text.rate(count)) <= 10


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0 s"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (130, "2 min 10 s"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (86399, "23 h 59 min"),
        (86400 + 60, "1 d"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.1, "1 s"),
        (129.5, "2 min 10 s"),
        (3601, "1 h 1 min"),
        (86399, "1 d"),
        (86400 + 60, "1 d 1 h"),
    ],
)
def test_waiting_times_are_rounded_up(seconds: float, shown: str) -> None:
    assert text.waiting_time(seconds) == shown


def test_progress_shows_100_percent_only_when_complete() -> None:
    assert text.percent(0.99999) == "99.9%"
    assert text.percent(1) == "100%"
    assert text.percent(0) == "0.0%"


def test_counts() -> None:
    assert [text.count(n, "peer") for n in (0, 1, 2)] == ["0 peers", "1 peer", "2 peers"]


@pytest.fixture
def _in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31 21:00:00"),
        ("2026-01-31T23:59:59.9+00:00", "2026-02-01 08:59:59"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("yesterday", "yesterday"),
    ],
)
@pytest.mark.usefixtures("_in_tokyo")
def test_times(at: str, shown: str) -> None:
    assert text.local_time(at) == shown
