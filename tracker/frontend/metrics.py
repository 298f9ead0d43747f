"""Metrics for Prometheus."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tracker.frontend.failures import report

_SECONDS = 0.5
_ANNOUNCES = {"announce": "session", "http_announce": "http"}


class Metrics:
    """This tracker's metrics, separate from any other's in the process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "minitorrent_requests",
            "Operations answered, by their outcome (ok or an error code).",
            ["operation", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "minitorrent_request_seconds",
            "Duration of operations.",
            ["operation"],
            registry=self._registry,
        )
        self._announces = Counter(
            "minitorrent_announces",
            "Announces answered, over sessions (of many files each) and over HTTP.",
            ["frontend"],
            registry=self._registry,
        )

    def count(self, operation: str, outcome: str, seconds: float) -> None:
        """Count an answered operation; stock clients' are `http_announce` and `http_scrape`."""
        self._requests.labels(operation, outcome).inc()
        self._seconds.labels(operation).observe(seconds)
        if operation in _ANNOUNCES:
            self._announces.labels(_ANNOUNCES[operation]).inc()

    def watch(self, name: str, text: str, count: Callable[[], int]) -> None:
        """Export a gauge read from `count`, at most once per _SECONDS.

        Shows NaN when `count` fails.
        """
        gauge = Gauge(f"minitorrent_{name}", text, registry=self._registry)
        gauge.set_function(_CachedNumber(count))

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self._registry)


class _CachedNumber:
    """A number cached briefly: anyone may read the metrics, however often."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count
        self._number = math.nan
        self._until = -math.inf

    def __call__(self) -> float:
        now = time.monotonic()
        if now >= self._until:
            self._until = now + _SECONDS
            self._number = _read(self._count)
        return self._number


def _read(count: Callable[[], int]) -> float:
    try:
        return count()
    except Exception as error:  # other metrics matter all the more while the database is down
        report("a metric could not be read", error)
        return math.nan
