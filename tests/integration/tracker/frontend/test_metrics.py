"""The metrics of a tracker, and the dashboard that shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.integration.tracker.http_client import HttpClient
from tests.integration.tracker.sessions import SessionClient
from tests.support.waiting import wait_until
from tracker.app import TrackerApp

DASHBOARD = Path(__file__).parents[4] / "packaging" / "grafana" / "minitorrent-tracker.json"
NAME = re.compile(r"\b(?:minitorrent|process)_[a-z_]+")


def metrics_of(tracker: TrackerApp) -> dict[str, float]:
    """All samples by name and labels."""
    _, _, text = HttpClient(tracker).send("/metrics", method="GET")
    lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def expressions(value: Any) -> Iterator[str]:
    """All queries in a dashboard."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("expr", "query") and isinstance(inner, str):
                yield inner
            yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)


def test_operations_are_measured_and_so_is_their_time_in_the_database(
    tracker: TrackerApp, ann: SessionClient
) -> None:
    samples = metrics_of(tracker)
    of = '{operation="create_group"}'
    assert samples['minitorrent_requests_total{operation="create_group",outcome="ok"}'] == 1
    assert samples[f"minitorrent_request_seconds_count{of}"] == 1
    assert samples[f"minitorrent_request_database_seconds_count{of}"] == 1
    in_database = samples[f"minitorrent_request_database_seconds_sum{of}"]
    assert 0 < in_database < samples[f"minitorrent_request_seconds_sum{of}"]
    assert samples['minitorrent_request_seconds_bucket{le="0.001",operation="create_group"}'] >= 0


def test_the_state_of_a_tracker_is_measured(tracker: TrackerApp, ann: SessionClient) -> None:
    wait_until(lambda: metrics_of(tracker)["minitorrent_healthy"] == 1, what="a heartbeat")
    samples = metrics_of(tracker)
    assert samples["minitorrent_draining"] == 0
    assert samples["minitorrent_sessions"] == 1
    assert samples["minitorrent_disk_free_bytes"] > 0
    assert samples["minitorrent_passwords_waiting"] == 0
    assert samples["minitorrent_database_writers_waiting"] == 0
    assert samples["minitorrent_database_connections_in_use"] >= 0
    assert samples["minitorrent_heartbeat_age_seconds"] >= 0
    assert samples["minitorrent_events_age_seconds"] >= 0
    assert samples["minitorrent_events_waiting"] >= 0


def test_the_dashboard_shows_metrics_that_exist(tracker: TrackerApp, ann: SessionClient) -> None:
    shown = {
        name
        for query in expressions(json.loads(DASHBOARD.read_text()))
        for name in NAME.findall(query)
    }
    assert "minitorrent_request_database_seconds_bucket" in shown
    ann.announce("00" * 20, 1)
    existing = {name.partition("{")[0] for name in metrics_of(tracker)}
    assert shown - existing == set()


def test_the_dashboard_shows_every_metric_of_ours(tracker: TrackerApp) -> None:
    _, _, text = HttpClient(tracker).send("/metrics", method="GET")
    types = re.findall(r"^# TYPE (minitorrent_[a-z_]+) (\w+)$", text.decode(), re.MULTILINE)
    ours = {name for name, kind in types if not name.endswith("_created")}
    queries = " ".join(expressions(json.loads(DASHBOARD.read_text())))
    assert {name for name in ours if name not in queries} == {"minitorrent_draining"}
