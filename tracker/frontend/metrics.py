"""Metrics for Prometheus."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from tracker.frontend.failures import report

_SECONDS = 0.5
_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
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
        self._seconds = self._histogram("minitorrent_request_seconds", "Duration of operations.")
        self._in_database = self._histogram(
            "minitorrent_request_database_seconds",
            "Time of operations in the database, with waiting for other writers.",
        )
        self._announces = Counter(
            "minitorrent_announces",
            "Announces answered, over sessions (of many files each) and over HTTP.",
            ["frontend"],
            registry=self._registry,
        )

        ProcessCollector(registry=self._registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(name, text, ["operation"], buckets=_BUCKETS, registry=self._registry)

    def count(
        self, operation: str, outcome: str, seconds: float, in_database: float | None = None
    ) -> None:
        """Count an answered operation; stock clients' are `http_announce` and `http_scrape`.

        It took so many `seconds`, of which `in_database` in the database.
        """
        self._requests.labels(operation, outcome).inc()
        self._seconds.labels(operation).observe(seconds)
        if in_database is not None:
            self._in_database.labels(operation).observe(in_database)
        if operation in _ANNOUNCES:
            self._announces.labels(_ANNOUNCES[operation]).inc()

    def watch(self, name: str, text: str, count: Callable[[], float]) -> None:
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

    def __init__(self, count: Callable[[], float]) -> None:
        self._count = count
        self._number = math.nan
        self._until = -math.inf

    def __call__(self) -> float:
        now = time.monotonic()
        if now >= self._until:
            self._until = now + _SECONDS
            self._number = _read(self._count)
        return self._number


def _read(count: Callable[[], float]) -> float:
    try:
        return count()
    except Exception as error:  # other metrics matter all the more while the database is down
        report("a metric could not be read", error)
        return math.nan
