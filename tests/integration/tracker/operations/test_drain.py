"""A tracker that hands its clients over to another before it ends."""

from __future__ import annotations

import json
import threading
from queue import SimpleQueue

import pytest

from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.http_client import HttpClient
from tests.integration.tracker.sessions import SessionClient
from tests.support.waiting import wait_until
from tracker.app import TrackerApp


def patiently(_seconds: float) -> bool:
    """Wait as long as it takes; the test's own limit ends it."""
    threading.Event().wait(0.01)
    return True


def test_sessions_go_on_at_another_tracker(
    tracker: TrackerApp, start_tracker: StartTracker, ann: SessionClient, connect: Connect
) -> None:
    other = start_tracker()
    client = connect(tracker)
    token = client.login("ann")["token"]
    tracker.drain(patiently)
    farewell = client.read()
    assert farewell["error"]["code"] == "tracker_unreachable"
    assert client.read() == {}
    with pytest.raises(OSError):
        connect(tracker)
    status, _, answer = HttpClient(tracker).send("/health", method="GET")
    assert (status, json.loads(answer)["status"]) == (503, "draining")
    moved = connect(other)
    assert moved.call("resume_session", token=token, peer_id=moved.peer_id, port=1)["user"] == "ann"
    tracker.stop()
    assert moved.call("list_groups")["total"] == 1


def test_a_request_is_answered_before_its_client_is_handed_over(
    tracker: TrackerApp, ann: SessionClient
) -> None:
    """The tracker is still writing when it begins to hand over."""
    replies: SimpleQueue[object] = SimpleQueue()

    def ask() -> None:
        replies.put(ann.call("create_group", group="new", mode="open"))
        replies.put(ann.read())

    asking = threading.Thread(target=ask)
    draining = threading.Thread(target=tracker.drain, args=(patiently,))
    with tracker._store.write():
        asking.start()
        wait_until(lambda: tracker._store.writers_waiting() > 0, what="the request to begin")
        draining.start()
        wait_until(lambda: tracker._sessions._is_closed, what="the tracker to be closed")
    asking.join(30)
    draining.join(30)
    assert replies.get_nowait() == {"group": "new", "mode": "open"}
    farewell = replies.get_nowait()
    assert isinstance(farewell, dict)
    assert farewell["error"]["code"] == "tracker_unreachable"


def test_whoever_is_in_a_hurry_ends_it(tracker: TrackerApp, ann: SessionClient) -> None:
    tracker.drain(lambda _seconds: False)
    tracker.stop()
    assert tracker._sessions.count() == 0
