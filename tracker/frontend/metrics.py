"""What the tracker counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """This tracker's numbers, apart from any other's in the process."""

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
            "How long operations took.",
            ["operation"],
            registry=self._registry,
        )
        self._connections = Gauge(
            "minitorrent_connections", "Open session connections.", registry=self._registry
        )

    def count(self, operation: str, outcome: str, seconds: float) -> None:
        """An operation was answered."""
        self._requests.labels(operation, outcome).inc()
        self._seconds.labels(operation).observe(seconds)

    def watch_connections(self, count: Callable[[], int]) -> None:
        """Ask `count` for the number of open connections."""
        self._connections.set_function(count)

    def exposition(self) -> bytes:
        """All numbers in Prometheus's text format."""
        return generate_latest(self._registry)
