"""HTTP clients of a tracker."""

from __future__ import annotations

import pytest

from tests.integration.tracker.http_client import HttpClient
from tests.integration.tracker.sessions import (
    SessionClient,
)
from tracker.app import TrackerApp


@pytest.fixture
def web(tracker: TrackerApp) -> HttpClient:
    """A client without a token."""
    return HttpClient(tracker)


@pytest.fixture
def ann_web(ann: SessionClient, web: HttpClient) -> HttpClient:
    """Ann, logged in over HTTP."""
    web.login("ann")
    return web
